"""Training the detector in folds: lesions moved and removed, films rescanned, a toy training that resumes."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from lobule.contracts.result import Thresholds
from lobule_ml.calibration import Logistic
from lobule_ml.training.loop import AVERAGE_FILE
from lobule_ml.training.state import STATE_FILE
from mammo_worker.calibration import Calibration
from mammo_worker.configs import toy
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.batches import prepare_training_film
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
from mammo_worker.data.splits import fold_of
from mammo_worker.detector.batches import film_batches
from mammo_worker.detector.lesions import Patch, cut_patch, with_patch, without_masses
from mammo_worker.detector.scanner import ScannerChanges, rescanned
from mammo_worker.detector.train import start_from, train_detector, training_films
from mammo_worker.films.looks import digital_look, partly_digital
from mammo_worker.labels import BENIGN, MALIGNANT
from mammo_worker.packages import write_package
from mammo_worker.training.network import build

CENTRE, RADIUS = (150, 260), 16


def drawn_case(number=0, label=MALIGNANT):
    """A half-disc of textured tissue with a bright round mass."""

    def film():
        chance = np.random.default_rng(number)
        picture = np.zeros((520, 300), np.float32)
        cv2.circle(picture, (0, 260), 240, (110,), -1)
        texture = cv2.GaussianBlur(chance.normal(0, 60, picture.shape).astype(np.float32), (0, 0), 3)
        picture = np.where(picture > 0, picture + texture, 0)
        cv2.circle(picture, CENTRE, RADIUS, (190,), -1)
        return np.clip(picture, 0, 255).astype(np.uint8)

    def mask():
        return cv2.circle(np.zeros((520, 300), np.uint8), CENTRE, RADIUS, (255,), -1)

    box = np.array([[CENTRE[0] - RADIUS, CENTRE[1] - RADIUS, CENTRE[0] + RADIUS, CENTRE[1] + RADIUS]], np.float32)
    return AnnotatedFilm(
        f"film{number}", f"patient{number}", box, np.array([label], np.int32), label == MALIGNANT, film, mask
    )


@pytest.fixture(scope="module")
def films():
    return [prepare_training_film(drawn_case(i, (BENIGN, MALIGNANT)[i % 2]), (512, 256)) for i in range(4)]


def stands_out(film, box):
    x1, y1, x2, y2 = box.astype(int)
    grey = film.canvas[..., 0].astype(float)
    inside = grey[y1 + 4 : y2 - 4, x1 + 4 : x2 - 4].mean()
    around = grey[y1 - 12 : y2 + 12, x1 - 12 : x2 + 12]
    return inside - np.median(around)


def test_removed_mass_does_not_stand_out_any_more(films):
    film, chance = films[1], np.random.default_rng(0)
    normal = without_masses(film, chance)
    assert len(normal.boxes) == len(normal.annotated.labels) == 0
    assert normal.annotated.malignant is False
    assert not normal.mask.any()
    assert stands_out(film, film.boxes[0]) > 30
    assert abs(stands_out(normal, film.boxes[0])) < 15


def test_pasted_mass_is_where_its_box_says(films):
    benign, malignant = films[0], films[1]
    patch = cut_patch(malignant, np.random.default_rng(1))
    assert patch is not None
    both = with_patch(benign, patch, np.random.default_rng(2))
    assert both.annotated.labels.tolist() == [BENIGN, MALIGNANT]
    assert both.annotated.malignant is True
    x1, y1, x2, y2 = both.boxes[1].astype(int)
    assert both.mask[y1:y2, x1:x2].mean() > 0.5 * 255
    assert stands_out(both, both.boxes[1]) > 15
    assert (both.boxes[1, :2] > benign.boxes[0, 2:]).any() or (both.boxes[1, 2:] < benign.boxes[0, :2]).any()


def test_mass_that_would_not_stand_out_is_not_pasted(films):
    flat = Patch(np.full((40, 40), 110, np.uint8), cv2.circle(np.zeros((40, 40), np.uint8), (20, 20), 9, (255,), -1), 1)
    assert with_patch(films[0], flat, np.random.default_rng(0)) is films[0]


def test_rescanned_film_keeps_the_breast_and_its_range(films):
    grey = films[0].canvas[..., 0]
    for seed in range(6):
        canvas = rescanned(grey, ScannerChanges(), np.random.default_rng(seed))
        assert canvas.shape == (*grey.shape, 2)
        assert not canvas[grey == 0].any()
        inside = canvas[..., 0][grey > 0]
        assert inside.min() == 0
        assert inside.max() >= 250
    black = np.zeros((64, 32), np.uint8)
    assert not rescanned(black, ScannerChanges(), np.random.default_rng(0)).any()


def test_some_films_look_digital_if_the_plan_says_so(films):
    plan = toy.plan()
    plain, digital = (film_batches(films, (128, 64), replace(plan, digital=share))(0)[0] for share in (0.0, 1.0))
    np.testing.assert_array_equal(plain["boxes"][0], digital["boxes"][0])
    first, second = plain["canvas"][0], digital["canvas"][0]
    assert (first != second).any()
    np.testing.assert_array_equal(first.any(axis=-1).any(axis=0), second.any(axis=-1).any(axis=0))


def test_a_partly_digital_film_is_between_the_film_and_its_digital_look(films):
    grey = np.ascontiguousarray(films[0].canvas[..., 0])
    inside = grey > 0

    def alike(canvas):
        return np.corrcoef(canvas[..., 0][inside], grey[inside])[0, 1]

    partly = [partly_digital(grey, np.random.default_rng(seed)) for seed in range(8)]
    assert all(not canvas[~inside].any() for canvas in partly)
    wholly = [digital_look(grey, np.random.default_rng(seed)) for seed in range(8)]
    assert np.mean([alike(c) for c in wholly]) < np.mean([alike(c) for c in partly]) < 1
    black = np.zeros((64, 32), np.uint8)
    assert not partly_digital(black, np.random.default_rng(0)).any()


def test_batches_depend_on_the_step_alone(films):
    plan = toy.plan()
    first, second = film_batches(films, (128, 64), plan), film_batches(films, (128, 64), plan)
    first(0)
    for key, value in first(5)[0].items():
        np.testing.assert_array_equal(value, second(5)[0][key])


def test_training_over_two_sizes_resumes_bit_for_bit(tmp_path, eager):
    plan, cases = toy.plan(), [drawn_case(i) for i in range(3)]
    assert train_detector(plan, cases, tmp_path / "through", None) == 4
    assert train_detector(plan, cases, tmp_path / "stopped", None, until=3) == 3
    assert train_detector(plan, cases, tmp_path / "stopped", None) == 4
    for file in (AVERAGE_FILE, STATE_FILE):
        with np.load(tmp_path / "through" / file) as through, np.load(tmp_path / "stopped" / file) as stopped:
            for name in through.files:
                np.testing.assert_array_equal(through[name], stopped[name], err_msg=f"{file} {name}")


def test_a_run_is_not_gone_on_with_on_other_masks(tmp_path, eager):
    plan, case = toy.plan(), drawn_case()
    assert train_detector(plan, [case], tmp_path, None, until=1) == 1
    mask = case.read_mask()
    mask[CENTRE[1], CENTRE[0]] = 0
    with pytest.raises(ValueError, match="differs in truth_sha256"):
        train_detector(plan, [replace(case, read_mask=lambda: mask)], tmp_path, None)


def test_a_fold_never_starts_from_a_package(tmp_path):
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(ValueError, match="model package"):
        train_detector(toy.plan(), [drawn_case()], tmp_path / "run", tmp_path)


def test_hand_drawn_masks_fit_the_boxes(shared_data):
    cases = cbis_ddsm(shared_data / "cbis_ddsm_mass", shared_data / "cbis_masks")
    with_mask = [c for c in cases if c.read_mask]
    assert len(with_mask) == 1174
    case = next(c for c in with_mask if len(c.boxes) == 1)
    mask = case.read_mask() > 127
    x1, y1, x2, y2 = case.boxes[0].astype(int)
    assert mask.shape == case.read().shape
    assert mask[y1:y2, x1:x2].sum() > 0.9 * mask.sum()
    assert {fold_of(c.patient) for c in training_films(shared_data, 2)} == {0, 1, 3, 4}


def test_training_from_a_package_sees_only_the_patients_of_that_package(tmp_path):
    with pytest.raises(ValueError, match="only its training patients"):
        train_detector(toy.plan(), [drawn_case(2)], tmp_path / "run", None, package=tmp_path)


def test_training_starts_from_the_weights_of_a_package(tmp_path, eager):
    plan, case = toy.plan(), drawn_case(0)
    network = plan.training.network
    weights = [w + 0.125 for w in build(plan.training, plan.training.phases[0]).get_weights()]
    write_package(
        tmp_path / "package",
        version="1.0.0",
        config=network,
        variants=(),
        weights=weights,
        calibration=Calibration(Logistic((1.0,), 0.0), Logistic((1.0,), 0.0), Logistic((1.0, 1.0), 0.0), 0.5),
        calibrated_on="drawn films",
        thresholds=Thresholds(low=0.1, high=0.9, finding=0.5),
        trained_on="drawn films",
        licence="none",
        metrics=[],
        card="# Drawn\n",
    )
    model = build(plan.training, plan.training.phases[1])
    start_from(model, None, tmp_path / "package")
    for start, kept in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(start, kept, atol=2e-3)
    assert train_detector(plan, [case], tmp_path / "run", None, package=tmp_path / "package", until=1) == 1
