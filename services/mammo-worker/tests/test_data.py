"""Data: who is in which split, truth in the right place, augmentation that moves films and boxes together."""

import numpy as np
import pytest

from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.augment import Augmentation, random_affine, transform_boxes, warp
from mammo_worker.data.batches import MAX_MASSES, augmented, augmented_batches, film_to_canvas, prepare_training_film
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
from mammo_worker.data.readers.cdd_cesm import cdd_cesm
from mammo_worker.data.readers.mini_mias import mini_mias
from mammo_worker.data.splits import split_of


def test_split_is_by_patient_and_of_the_wanted_sizes():
    split = [split_of(f"P_{i:05d}") for i in range(5000)]
    shares = {name: split.count(name) / 5000 for name in ("train", "validation", "test")}
    assert shares["test"] == pytest.approx(0.2, abs=0.02)
    assert shares["validation"] == pytest.approx(0.1, abs=0.02)
    assert split == [split_of(f"P_{i:05d}") for i in range(5000)]


def test_cbis_films_are_upright_and_hold_their_boxes(shared_data):
    cases = cbis_ddsm(shared_data / "cbis_ddsm_mass")
    assert len(cases) == 1231
    assert len({c.patient for c in cases}) == 691
    assert sum(len(c.boxes) for c in cases) == 1318
    for case in cases[:5]:
        height, width = case.read().shape
        assert height == 1000
        assert width < height
        assert (case.boxes[:, 2] <= width + 1).all()
        assert (case.boxes[:, 3] <= height + 1).all()


def test_cesm_masses_lie_under_their_masks(shared_data):
    cases = cdd_cesm(shared_data / "cdd_cesm")
    assert len(cases) > 20
    for case in cases[:10]:
        mask = case.read_mask() > 127
        for x1, y1, x2, y2 in case.boxes.astype(int):
            assert mask[y1:y2, x1:x2].mean() > 0.4
        assert case.malignant is None


def test_mias_normals_have_no_mass(shared_data):
    cases = mini_mias(shared_data / "mias")
    normal = [c for c in cases if c.attributes["class"] == "normal"]
    assert len(normal) > 50
    assert all(len(c.boxes) == 0 and c.malignant is False for c in normal)
    assert any(len(c.boxes) for c in cases)


@pytest.mark.parametrize("seed", range(12))
def test_a_square_and_its_box_move_together(seed):
    chance = np.random.default_rng(seed)
    canvas = np.zeros((400, 200, 2), np.uint8)
    canvas[150:190, 60:90] = 255
    affine = random_affine(Augmentation(shift=0.02, rotation=8), (400, 200), (256, 128), chance)
    moved = warp(canvas, affine, (256, 128))
    (box,) = transform_boxes(np.array([[60, 150, 90, 190]], np.float32), affine)
    rows, columns = np.nonzero(moved[..., 0] > 127)
    centre = np.array([columns.mean() + 0.5, rows.mean() + 0.5])
    assert np.abs(centre - (box[:2] + box[2:]) / 2).max() < 1.0
    side = np.array([np.ptp(columns), np.ptp(rows)]) + 1
    assert np.abs(side - (box[2:] - box[:2])).max() < 0.35 * side.max()


def drawn_case(film, name="a", with_mask=True):
    mask = np.zeros_like(film, np.uint8)
    mask[200:260, 80:130] = 255
    return AnnotatedFilm(
        name,
        "P1",
        np.array([[80, 200, 130, 260]], np.float32),
        np.array([2], np.int32),
        True,
        lambda: film,
        (lambda: mask) if with_mask else None,
    )


@pytest.mark.parametrize("right", [False, True])
def test_prepared_mask_fills_the_prepared_box(right, draw_film):
    film = draw_film(600, 400, bits=8, right=right)
    case = drawn_case(film)
    if right:
        case = AnnotatedFilm(
            "a", "P1", np.array([[270, 200, 320, 260]], np.float32), case.labels, True, case.read,
            lambda: np.ascontiguousarray(drawn_case(film).read_mask()[:, ::-1]),
        )  # fmt: skip
    prepared = prepare_training_film(case, (320, 160))
    x1, y1, x2, y2 = prepared.boxes[0].round().astype(int)
    assert (prepared.mask[y1 + 1 : y2 - 1, x1 + 1 : x2 - 1] > 127).all()
    assert (prepared.mask > 127).sum() == pytest.approx((x2 - x1) * (y2 - y1), rel=0.15)
    point = film_to_canvas(prepared.transform) @ np.array([case.boxes[0, 0], 260, 1.0])
    assert point[1] == pytest.approx(prepared.boxes[0, 3], abs=0.01)


def test_batches_have_the_shapes_that_the_network_takes(draw_film):
    films = [
        prepare_training_film(drawn_case(draw_film(600, 400, 8, seed=i), with_mask=i == 0), (320, 160))
        for i in range(3)
    ]
    (batch,) = augmented_batches(films, (256, 128), 4, Augmentation(), 3)(0)
    assert batch["canvas"].shape == (4, 256, 128, 2)
    assert batch["boxes"].shape == (4, MAX_MASSES, 4)
    assert batch["mask"].shape == (4, 64, 32, 1)
    assert set(batch["has_mask"]) == {0, 1}
    still = Augmentation(flip=0, scale=(1, 1), rotation=0, shift=0, contrast=0)
    example = augmented(films[0], (320, 160), still, np.random.default_rng(0))
    assert np.array_equal(example["canvas"], films[0].canvas)
    assert np.allclose(example["boxes"][0], films[0].boxes[0])
