"""The search for clusters of calcifications: spots, clusters, images to measure on, and the measures."""

import cv2
import numpy as np
import pytest

from mammo_worker.calcifications import evaluate
from mammo_worker.calcifications.clusters import LEAST_SPOTS, find_clusters
from mammo_worker.calcifications.document import results_document
from mammo_worker.calcifications.evaluate import SearchOutcome, breast_area, found_share, measure, threshold_at, usable
from mammo_worker.calcifications.images import crops_with_pasted_groups, fine_part, original_crops, tissue
from mammo_worker.calcifications.model import ClusterSearch
from mammo_worker.calcifications.spots import FEATURES, Spots, find_spots
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
from mammo_worker.examination.lesions import lengths
from mammo_worker.regions.crops import cbis_crops

PLACES = np.array([(60, 60), (75, 62), (68, 80), (85, 78), (72, 70)])


def ground(seed, side=160):
    """Grainy tissue."""
    chance = np.random.default_rng(seed)
    smooth = cv2.resize(chance.uniform(80, 150, (6, 6)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    return (smooth + cv2.GaussianBlur(chance.normal(0, 6, smooth.shape).astype(np.float32), (0, 0), 0.7)).astype(
        np.float32
    )


def with_dots(grey, places=PLACES, height=60.0):
    out = grey.copy()
    y, x = np.mgrid[: grey.shape[0], : grey.shape[1]]
    for px, py in places:
        out += height * np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * 1.2**2)).astype(np.float32)
    return out


def test_bright_dots_are_the_strongest_spots_whatever_the_gain():
    image = with_dots(ground(0))
    for gain in (1.0, 0.5):
        spots = find_spots(image * gain)
        assert spots.features.shape == (len(spots.points), FEATURES)
        strongest = spots.points[: len(PLACES)]
        distance = np.linalg.norm(strongest[:, None] - PLACES[None], axis=-1).min(axis=0)
        assert (distance <= 2).all()
    assert np.isfinite(spots.features).all()


def test_line_steps_less_towards_its_own_direction_than_a_dot():
    image = with_dots(ground(1), PLACES[:1])
    cv2.line(image, (20, 120), (140, 120), 220.0, 2)
    spots = find_spots(image)
    least = spots.features[:, 6]  # the smallest step to the ring around
    dot = np.linalg.norm(spots.points - PLACES[0], axis=1).argmin()
    line = np.abs(spots.points[:, 1] - 120) <= 2
    assert line.any()
    assert least[dot] > least[line].max()


def test_nothing_is_searched_outside_of_tissue():
    image = with_dots(ground(2))
    inside = np.ones(image.shape, bool)
    inside[:, 40:100] = False
    spots = find_spots(image, inside)
    assert not ((spots.points[:, 0] >= 40) & (spots.points[:, 0] < 100)).any()
    assert len(find_spots(image, np.zeros(image.shape, bool)).points) == 0


def test_frames_and_air_are_no_tissue_but_bright_calcifications_are():
    image = with_dots(ground(3), height=200.0).clip(0, 255)
    image[:, 140:] = 255  # the rest of a white frame at the edge of the crop
    image[:10] = 0
    inside = tissue(image)
    assert not inside[:, 126:].any()
    assert not inside[:10].any()
    assert inside[11:, :120].all()


def test_cluster_needs_spots_that_lie_close():
    odds = np.full(LEAST_SPOTS, 2.0)
    close, apart = (
        Spots(np.float32(step) * np.arange(LEAST_SPOTS)[:, None] * np.ones(2, np.float32), None) for step in (10, 90)
    )
    [cluster] = find_clusters(close, odds)
    assert len(cluster.points) == LEAST_SPOTS
    assert cluster.centre == pytest.approx((10, 10))
    assert find_clusters(apart, odds) == []
    assert find_clusters(close, -odds) == []
    assert find_clusters(Spots(np.zeros((0, 2), np.float32), None), np.zeros(0)) == []


def test_search_finds_what_it_learned():
    images = [ground(s) for s in range(10, 50)]
    chance = np.random.default_rng(5)
    calcified = np.arange(40) % 2 == 0
    spots = [
        find_spots(with_dots(g, chance.integers(50, 100, (6, 2))) if has else g)
        for g, has in zip(images, calcified, strict=True)
    ]
    search = ClusterSearch(spots, calcified, trees=10)
    best = search(find_spots(with_dots(ground(99))))[0]
    assert np.linalg.norm(np.array(best.cluster.centre) - PLACES.mean(axis=0)) < 20
    plain = [max((c.score for c in search(find_spots(ground(s)))), default=-np.inf) for s in range(100, 110)]
    assert best.score > np.median(plain)
    with pytest.raises(ValueError, match="with and without"):
        ClusterSearch(spots[:1], calcified[:1])


def searched(crop, truth, hit=-np.inf, scores=(), area=10.0):
    return SearchOutcome(crop, area, truth, hit, np.array(scores, float))


def test_share_found_at_a_rate_of_false_clusters():
    tissue_images = [searched(None, False, scores=[5.0, 1.0]), searched(None, False, scores=[3.0])]  # 20 cm2
    groups = [searched(None, True, hit) for hit in (6.0, 4.0, 2.0, -np.inf)]
    assert threshold_at(tissue_images, 1.0, film=20.0) > 3.0  # one false cluster in 20 cm2: that of 5.0
    assert found_share(groups, tissue_images, 1.0, film=20.0) == 0.5
    assert found_share(groups, tissue_images, 0.5, film=20.0) == 0.25
    assert threshold_at(tissue_images, 100.0, film=20.0) == -np.inf
    assert found_share(groups, tissue_images, 100.0, film=20.0) == 0.75


@pytest.fixture(scope="module")
def crops(shared_data):
    if not (shared_data / "cbis_crops").is_dir():
        pytest.skip("the crops are not in shared/data")
    return cbis_crops(shared_data)


def test_real_crops_are_searched_pasted_and_measured(crops, monkeypatch):
    monkeypatch.setattr(evaluate, "FOLDS", 2)
    groups, masses = usable(crops)
    assert not {c.patient for c in groups} & {c.patient for c in masses}
    few = [*groups[:30], *masses[:30]]
    for image in original_crops(few[:3]):
        assert image.grey.shape == image.inside.shape
        assert image.target is not None
    [put] = list(crops_with_pasted_groups([c for c in groups if max(c.native_size) < 200][:1], masses))
    x1, y1, x2, y2 = (int(v) for v in put.target)
    assert put.host != put.crop.patient
    assert 0 <= x1 < x2 <= put.grey.shape[1]
    assert 0 <= y1 < y2 <= put.grey.shape[0]
    assert fine_part(put.crop.read()).max() > 10
    measured = evaluate.search_folds(few, lambda _: None, trees=25)
    assert {i.truth for i in measured.cut} == {True, False}
    rows = measure(measured, 120.0, rounds=10)
    assert rows[0]["groups"].startswith("pasted, all")
    seen = evaluate.calcified_tissue()
    assert seen <= {c.path.name for c in masses}
    one = next(i.crop.path.name for i in measured.cut if not i.truth)
    left = evaluate.without(measured, frozenset({one}))
    assert len(left.cut) == len(measured.cut) - 1
    text = results_document(measured, rows, frozenset({one}), measure(left, 120.0, rounds=10), 120.0)
    assert "120" in text


def test_breast_area_is_that_of_a_breast(shared_data):
    folder = shared_data / "cbis_ddsm_mass"
    assert 30 < breast_area(cbis_ddsm(folder)[:4], lengths(folder)) < 300
