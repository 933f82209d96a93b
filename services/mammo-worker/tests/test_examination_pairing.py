"""Pairs of findings: what is compared, and who is paired with whom."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lobule_ml.calibration import Logistic
from mammo_worker.examination.marks import MARGIN, PATCH, Mark
from mammo_worker.examination.pairing import assign, correlation, pair_features, pair_probabilities

SIDE = PATCH + 2 * MARGIN


def picture(seed, angle=0.0):
    """A bright bar with a knob, turned about the middle."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    shape = np.exp(-((along / 8) ** 2) - (across / 2) ** 2) + np.exp(-((along - 5) ** 2 + (across - 3) ** 2) / 6)
    return (shape + np.random.default_rng(seed).normal(0, 0.02, shape.shape)).astype(np.float32)


def mark(from_nipple=0.5, size=0.1, contrast=0.2, shown=None):
    return Mark((0.0, 0.0), from_nipple, from_nipple, size, contrast, picture(0) if shown is None else shown, size)


def test_turned_picture_is_recognised():
    assert correlation(picture(0), picture(1, np.radians(60))) > 0.8
    noise = np.random.default_rng(2).normal(0, 1, (SIDE, SIDE)).astype(np.float32)
    assert correlation(picture(0), noise) < 0.6
    assert correlation(picture(0), np.zeros((SIDE, SIDE), np.float32)) == 0.0


def test_differences_are_zero_for_one_lesion_and_grow():
    same = pair_features(mark(0.5, 0.1), mark(0.45, 0.09))
    assert same[:4] == pytest.approx(np.zeros(4), abs=1e-6)
    far, large, faint = mark(0.7, 0.09), mark(0.45, 0.3), mark(0.45, 0.09, 0.05)
    for place, other in ((0, far), (1, far), (2, large), (3, faint)):
        assert pair_features(mark(0.5, 0.1), other)[place] > 1


def test_every_finding_is_in_one_pair_at_most_and_the_likeliest_are_together():
    p = np.array([[0.9, 0.8], [0.85, 0.1]])
    chosen = assign(p)
    assert {(pair.cc, pair.mlo) for pair in chosen} == {(0, 1), (1, 0)}
    assert assign(np.array([[0.9, 0.8], [0.2, 0.1]]))[0] == chosen[0].__class__(0, 0, 0.9)
    assert assign(np.array([[0.3]])) == []
    assert assign(np.zeros((0, 3))) == []


@given(arrays(float, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=st.floats(0, 1)))
@settings(max_examples=100, deadline=None)
def test_pairs_are_disjoint_and_probable(p):
    pairs = assign(p)
    assert len({pair.cc for pair in pairs}) == len({pair.mlo for pair in pairs}) == len(pairs)
    assert all(pair.probability >= 0.5 for pair in pairs)
    if p.max() > 0.5:  # the likeliest of all leaves nobody unpaired
        assert pairs


def test_probabilities_of_all_pairs():
    model = Logistic((-1.0, -1.0, -1.0, -1.0, 0.0), 2.0)
    p = pair_probabilities(model, [mark(0.5, 0.1), mark(0.9, 0.1)], [mark(0.45, 0.09)])
    assert p.shape == (2, 1)
    assert p[0, 0] > 0.8 > 0.2 > p[1, 0]
    assert pair_probabilities(model, [], [mark()]).shape == (0, 1)
