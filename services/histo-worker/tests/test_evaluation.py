import math

import numpy as np
import pytest

from histo_worker.baselines.features import NAMES, nuclei_features
from histo_worker.baselines.nuclei import clustered_nuclei, fuzzy_cmeans, watershed_nuclei
from histo_worker.evaluation import package
from histo_worker.evaluation.aggregation import RULES
from histo_worker.evaluation.plots import write_plots
from lobule_ml.evaluation.statistics import (
    Counts,
    auc,
    chance_calibration_error,
    expected_calibration_error,
    patient_bootstrap,
    patient_score,
)


def test_counts_by_hand():
    counts = Counts.of([1, 1, 1, 0, 0], [1, 1, 0, 1, 0])
    assert (counts.accuracy, counts.precision, counts.recall, counts.specificity) == (0.6, 2 / 3, 2 / 3, 0.5)
    assert counts.f1 == pytest.approx(2 / 3)


def test_auc_is_the_chance_to_rank_right():
    assert auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]) == 0.75
    assert np.isnan(auc([1, 1], [0.2, 0.3]))


def test_patient_level_weighs_patients_alike():
    target, called = [1, 1, 1, 1, 0], [1, 1, 1, 1, 1]
    assert patient_score(target, called, ["a", "a", "a", "a", "b"]) == 0.5


def test_calibration_error():
    assert expected_calibration_error([1, 0] * 50, [0.5] * 100) == 0
    assert expected_calibration_error([1] * 10, [0.0] * 10) == 1


def test_bootstrap_of_a_statistic_that_is_never_defined():
    """An AUC is undefined without malignant patients; this raises no error and no NumPy warning."""
    low, high = patient_bootstrap(lambda _: math.nan, ["a", "b"], rounds=5)
    assert math.isnan(low)
    assert math.isnan(high)


def test_bootstrap_is_wider_over_few_patients():
    rng = np.random.default_rng(0)
    target = np.repeat([0, 1], 60)
    few = [f"{t}{i % 60 // 20}" for i, t in enumerate(target)]
    many = [f"{t}{i % 60 // 2}" for i, t in enumerate(target)]
    patient_effect = np.repeat(rng.normal(0, 1.5, 6), 20)
    score = target + patient_effect + rng.normal(0, 0.3, 120)
    widths = [
        np.subtract(*patient_bootstrap(lambda at: auc(target[at], score[at]), p, strata=target)[::-1])
        for p in (few, many)
    ]
    assert widths[0] > widths[1] > 0


@pytest.mark.parametrize(
    ("rule", "expected"), [("sum", True), ("vote", False), ("average", False), ("exist", True), ("exist3", False)]
)
def test_rules_disagree_where_they_should(rule, expected):
    assert (RULES[rule](np.array([9.0, 0.5, -1.0, -1.0, -1.0])) >= 0.5) is expected


def test_plots_are_written(tmp_path):
    target = np.array([0, 1] * 20)
    files = write_plots(target, np.clip(target * 0.5 + np.linspace(0, 0.5, 40), 0, 1), tmp_path, "x")
    assert all(f.stat().st_size > 3000 for f in files)


@pytest.fixture(scope="module")
def field():
    import cv2

    field = np.full((200, 300, 3), (200, 130, 180), np.uint8)
    for x in range(30, 300, 60):
        for y in range(30, 200, 60):
            cv2.circle(field, (x, y), 9, (80, 50, 140), -1)
    return cv2.GaussianBlur(field, (0, 0), 1)


class TestNuclei:
    @pytest.mark.parametrize("method", ["maxima", "circles"])
    def test_watershed_finds_the_discs(self, field, method):
        found = len(np.unique(watershed_nuclei(field, 8, method))) - 1
        assert 12 <= found <= 18  # 15 discs

    @pytest.mark.parametrize("clustering", ["kmeans", "fuzzy_cmeans", "gaussian_mixture"])
    def test_clusterings_find_the_discs(self, field, clustering):
        covered = (clustered_nuclei(field, clustering, 8) > 0).mean()
        assert covered == pytest.approx(15 * np.pi * 81 / 60000, rel=0.4)

    def test_features_measure_discs(self, field):
        features = nuclei_features(field, watershed_nuclei(field, 8))
        assert features.shape == (2 * len(NAMES) + 1,)
        named = dict(zip(NAMES, features, strict=False))
        assert named["area"] == pytest.approx(np.pi * 81, rel=0.4)
        assert named["eccentricity"] < 0.6
        assert named["solidity"] > 0.9
        assert not nuclei_features(field, np.zeros((200, 300), int)).any()

    def test_fuzzy_cmeans_finds_two_clouds(self):
        rng = np.random.default_rng(0)
        points = np.concatenate([rng.normal(0, 0.1, (50, 2)), rng.normal(3, 0.1, (50, 2))])
        centres = fuzzy_cmeans(points, np.array([[0.5, 0.5], [2.0, 2.0]]))
        np.testing.assert_allclose(np.sort(centres[:, 0]), [0, 3], atol=0.15)


def test_rows_of_an_evaluation_count_fields_and_patients():
    rng = np.random.default_rng(0)
    patients = np.array([f"p{i // 10:02d}" for i in range(120)])
    target = (np.arange(120) // 10) % 2
    p = np.clip(target * 0.4 + 0.3 + rng.normal(0, 0.1, 120), 0, 1)
    assert package._row(target, p, patients).startswith("120 | 0.9")
    assert package._patient_row(target, p, patients).startswith("12 | 1.000 (1.000 to 1.000)")


def test_calibration_error_of_exact_probabilities_is_large_for_few():
    """One bin with two items at 0.5: both or neither come true in half of the draws, which is 0.5 off; else it is 0."""
    assert chance_calibration_error([0.5, 0.5]) == pytest.approx(0.25, abs=0.03)
    assert chance_calibration_error([0.5] * 5000, rounds=200) < 0.01
    assert chance_calibration_error([0.0, 1.0]) == 0
