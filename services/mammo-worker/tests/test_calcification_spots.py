"""The search for clusters of calcifications by spots in scale space."""

import cv2
import numpy as np
import pytest
from drawn_tissue import PLACES, dots, ground

from mammo_worker.calcifications.clusters import LEAST_SPOTS, find_clusters
from mammo_worker.calcifications.model import ClusterSearch
from mammo_worker.calcifications.spots import FEATURES, Spots, find_spots


def test_bright_dots_are_the_strongest_spots_whatever_the_gain():
    image = ground(0) + dots()
    for gain in (1.0, 0.5):
        spots = find_spots(image * gain)
        assert spots.features.shape == (len(spots.points), FEATURES)
        strongest = spots.points[: len(PLACES)]
        distance = np.linalg.norm(strongest[:, None] - PLACES[None], axis=-1).min(axis=0)
        assert (distance <= 2).all()
    assert np.isfinite(spots.features).all()


def test_line_steps_less_towards_its_own_direction_than_a_dot():
    image = ground(1) + dots(PLACES[:1])
    cv2.line(image, (20, 120), (140, 120), 220.0, 2)
    spots = find_spots(image)
    least = spots.features[:, 6]  # the smallest step to the ring around
    dot = np.linalg.norm(spots.points - PLACES[0], axis=1).argmin()
    line = np.abs(spots.points[:, 1] - 120) <= 2
    assert line.any()
    assert least[dot] > least[line].max()


def test_nothing_is_searched_outside_of_tissue():
    image = ground(2) + dots()
    inside = np.ones(image.shape, bool)
    inside[:, 40:100] = False
    spots = find_spots(image, inside)
    assert not ((spots.points[:, 0] >= 40) & (spots.points[:, 0] < 100)).any()
    assert len(find_spots(image, np.zeros(image.shape, bool)).points) == 0


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
        find_spots(g + dots(chance.integers(50, 100, (6, 2))) if has else g)
        for g, has in zip(images, calcified, strict=True)
    ]
    search = ClusterSearch(spots, calcified, trees=10)
    best = search(find_spots(ground(99) + dots()))[0]
    assert np.linalg.norm(np.array(best.cluster.centre) - PLACES.mean(axis=0)) < 20
    plain = [max((c.score for c in search(find_spots(ground(s)))), default=-np.inf) for s in range(100, 110)]
    assert best.score > np.median(plain)
    with pytest.raises(ValueError, match="with and without"):
        ClusterSearch(spots[:1], calcified[:1])
