"""The baseline's parts: what is sifted, what becomes a candidate, how a cascade passes and rejects."""

import numpy as np
import pytest

from mammo_worker.baselines.candidates import find_candidates, neighbours
from mammo_worker.baselines.cascade import Cascade, passing_threshold, suppress
from mammo_worker.baselines.document import candidate_recall, sensitivity_rows
from mammo_worker.baselines.features import NAMES, describe
from mammo_worker.baselines.run import CANVAS, Baseline, DescribedFilm, describe_films, grow
from mammo_worker.baselines.sifting import linear_element, sift, sift_scales
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.films import prepare


@pytest.fixture(scope="module")
def canvas():
    """A breast with a round mass of 40 pixels, a long vessel and fine noise, as `films.prepare` gives it."""
    y, x = np.mgrid[: CANVAS[0], : CANVAS[1]]
    breast = ((x / 230) ** 2 + ((y - 256) / 240) ** 2) < 1
    grey = 70 + np.random.default_rng(0).normal(0, 2, breast.shape)
    grey += 60 * np.exp(-((((x - 90) ** 2 + (y - 200) ** 2) / 22**2) ** 2))
    grey += 60 * (np.abs(y - 380 - x * 0.3) < 5)
    grey = (np.clip(grey, 1, 255) * breast).astype(np.uint8)
    return np.stack([grey, grey], axis=-1)


def case(canvas):
    return AnnotatedFilm(
        "a.png", "P1", np.array([[65, 175, 115, 225]], np.float32), np.array([2], np.int32), True,
        lambda: canvas[..., 0],
    )  # fmt: skip


@pytest.mark.parametrize("degrees", [0.0, 30.0, 90.0, 135.0])
@pytest.mark.parametrize("length", [8, 24, 110])
def test_an_element_is_a_line_of_its_length(length, degrees):
    element = linear_element(length, degrees)
    y, x = np.nonzero(element)
    ends = np.hypot(np.ptp(x), np.ptp(y)) + 1
    assert ends == pytest.approx(length, abs=2)
    assert element.sum() <= length + 2
    if degrees == 90.0:
        assert len(set(x)) == 1


@pytest.mark.parametrize(("width", "passes"), [(6, False), (24, True), (70, False)])
def test_only_what_is_as_wide_as_the_band_passes(width, passes):
    grey = np.full((200, 200), 50, np.uint8)
    y, x = np.mgrid[:200, :200]
    disc = (x - 100) ** 2 + (y - 100) ** 2 < (width / 2) ** 2
    grey[disc] = 150
    response = sift(grey, 16, 40)
    assert response.shape == grey.shape
    assert (response[disc].mean() > 60) == passes
    assert response[0, 0] == 0


def test_a_vessel_passes_in_few_directions_only():
    y, x = np.mgrid[:200, :200]
    round_one = np.where((x - 100) ** 2 + (y - 100) ** 2 < 7**2, 150, 50).astype(np.uint8)
    vessel = np.where(np.abs(y - 70 - x * 0.3) < 7, 150, 50).astype(np.uint8)
    on_mass, on_vessel = sift(round_one, 8, 24)[100, 100], sift(vessel, 8, 24)[100, 100]
    assert on_mass > 95
    assert on_vessel < 0.8 * on_mass


def test_a_mass_becomes_a_candidate_that_fits_it(canvas):
    found = find_candidates(sift_scales(canvas[..., 0]), canvas[..., 0] > 0)
    truth = np.array([67, 177, 114, 224])
    boxes = np.array([c.box for c in found])
    side = np.maximum(np.minimum(boxes[:, 2:], truth[2:]) - np.maximum(boxes[:, :2], truth[:2]), 0)
    shared = side.prod(axis=1)
    iou = shared / ((boxes[:, 2:] - boxes[:, :2]).prod(axis=1) + (truth[2:] - truth[:2]).prod() - shared)
    assert iou.max() > 0.6
    for candidate in found:
        x1, y1, x2, y2 = candidate.box
        assert candidate.mask.shape == (y2 - y1, x2 - x1)
        assert candidate.mask.any(axis=0).all()
        assert candidate.mask.any(axis=1).all()
    assert find_candidates(np.zeros((4, *CANVAS), np.float32), np.zeros(CANVAS, bool)) == []


def test_neighbours_are_those_that_share_an_edge():
    labels = np.array([[0, 0, 1], [2, 2, 1]], np.int32)
    first, second = neighbours(labels)
    assert set(zip(first.tolist(), second.tolist(), strict=True)) == {(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)}


def test_features_describe_the_mass(canvas):
    sifted = sift_scales(canvas[..., 0])
    found = find_candidates(sifted, canvas[..., 0] > 0)
    table = describe(found, canvas, sifted)
    assert table.shape == (len(found), len(NAMES))
    assert np.isfinite(table).all()
    middles = np.array([[(c.box[0] + c.box[2]) / 2, (c.box[1] + c.box[3]) / 2] for c in found])
    on_mass = np.hypot(*(middles - [90, 200]).T) < 8
    assert on_mass.any()
    contrast = table[:, NAMES.index("grey_contrast")]
    assert contrast[on_mass].max() > 20
    convergence = table[:, NAMES.index("edge_convergence")]
    assert convergence[on_mass].max() > 0.7
    assert describe([], canvas, sifted).shape == (0, len(NAMES))


def test_threshold_passes_the_wanted_share_of_lesions():
    score = np.array([0.9, 0.1, 0.8, 0.7, 0.2, 0.95])
    lesion = np.array([0, 0, 1, 2, 3, -1])
    assert passing_threshold(score, lesion, 1.0) == pytest.approx(0.2)
    assert passing_threshold(score, lesion, 0.75) == pytest.approx(0.7)
    assert passing_threshold(score, np.full(6, -1), 0.9) == 0.0


def test_cascade_rejects_early_and_ranks_what_got_further_higher():
    chance = np.random.default_rng(0)
    features = chance.normal(0, 1, (3000, 4)).astype(np.float32)
    positive = features[:, 0] + chance.normal(0, 0.5, 3000) > 2
    held = chance.normal(0, 1, (800, 4)).astype(np.float32)
    truly = held[:, 0] + chance.normal(0, 0.5, 800) > 2
    lesion = np.where(truly, np.arange(800), -1)
    cascade = Cascade(keep=0.95, most=3).fit(features, positive, held, lesion)
    assert len(cascade.stages) > 1
    score = cascade.score(held)
    assert 0 <= score.min() < 1 / len(cascade.stages)
    assert score.max() <= 1
    assert score[truly].mean() > 2 * score[~truly].mean()
    assert np.array_equal(score, Cascade(keep=0.95, most=3).fit(features, positive, held, lesion).score(held))


def test_suppression_keeps_the_best_of_nested_boxes():
    boxes = np.array([[0, 0, 10, 10], [2, 2, 6, 6], [20, 20, 30, 30], [9, 9, 19, 19]], float)
    assert suppress(boxes, np.array([0.5, 0.9, 0.7, 0.1]), 9) == [1, 2, 3]
    assert suppress(boxes, np.array([0.5, 0.9, 0.7, 0.1]), 1) == [1]


def test_boxes_grow_within_the_film():
    grown = grow(np.array([[0, 0, 10, 20], [80, 30, 90, 50]], float), 1.5, (100, 100))
    assert grown.tolist() == [[0, 0, 12.5, 25], [77.5, 25, 92.5, 55]]


def test_found_films_are_kept_and_found_again(canvas, tmp_path, monkeypatch):
    (first,) = describe_films([case(canvas)], tmp_path, lambda _: None)
    unread = AnnotatedFilm(
        "a.png", "P1", first.annotated.boxes, first.annotated.labels, True, lambda: pytest.fail("read again")
    )
    (again,) = describe_films([unread], tmp_path, lambda _: None)
    assert np.array_equal(again.features, first.features)
    assert np.array_equal(again.boxes, first.boxes)
    assert first.size == CANVAS
    assert candidate_recall([first], "IoU >= 0.2") == 1.0
    (tmp_path / "prepare.py").write_text("# films are prepared in another way")
    monkeypatch.setattr(prepare, "__file__", str(tmp_path / "prepare.py"))
    with pytest.raises(pytest.fail.Exception, match="read again"):
        describe_films([unread], tmp_path, lambda _: None)


def test_a_mass_that_ranks_first_is_measured_as_found(canvas):
    film = describe_films([case(canvas)], None, lambda _: None)[0]

    class ByEdge:
        """Stands in for a trained cascade: the better the edge's gradient points to the middle, the higher."""

        def score(self, features):
            return features[:, NAMES.index("edge_convergence")] / 2 + 0.5

    found = Baseline(ByEdge(), 1.0)(DescribedFilm(film.annotated, film.size, film.boxes, film.features, 0.0))
    assert (np.diff(found.scores) <= 0).all()
    rows = sensitivity_rows([found])
    assert rows[0]["sensitivity at"] == "0.5 FPPI"
    assert rows[3]["centre hit"].startswith("1.000")
