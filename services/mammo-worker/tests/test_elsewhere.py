"""Figures of films from other laboratories, on what a detector could say of drawn ones."""

import numpy as np
import pytest

from lobule.contracts.result import Thresholds
from mammo_worker.evaluation.elsewhere import elsewhere_document, measure_digital, measure_mini_mias
from mammo_worker.evaluation.metrics import FilmResult

THRESHOLDS = Thresholds(low=0.2, high=0.6, finding=0.3)


def film(number, hit, false, probability, *, mass=True, malignant=False):
    """A film with one finding on its mass (score `hit`, 0 for none) and others beside it."""
    truth = np.array([[0.0, 0, 20, 20]] if mass else np.zeros((0, 4)))
    boxes = [[0.0, 0, 20, 20]] * (hit > 0) + [[100.0 + i, 100, 120 + i, 120] for i in range(len(false))]
    scores = [hit] * (hit > 0) + list(false)
    return FilmResult(
        f"film{number}",
        f"patient{number}",
        truth,
        np.full(len(truth), 2 if malignant else 1),
        malignant,
        np.array(boxes, float).reshape(-1, 4),
        np.array(scores),
        np.full(len(scores), 0.5),
        probability=probability,
        assessment=THRESHOLDS.assess(probability or 0.0),
    )


def test_mini_mias():
    masses = [film(i, (i + 1) / 20, [], 0.1 if i == 0 else 0.5, malignant=i < 10) for i in range(20)]
    normal = [film(20 + i, 0, [0.55] * (i % 3), 0.1 if i < 6 else 0.4, mass=False) for i in range(10)]
    names = {f.name for f in normal}
    rows = measure_mini_mias([*masses, *normal], names, working_score=0.5)
    assert rows[0]["data"] == "mini-MIAS, 30 films of 30 patients"
    at_work, sensitivity, at_most, cleared, missed = (row["value"] for row in rows)
    assert at_work == pytest.approx(0.9)
    assert sensitivity == pytest.approx(11 / 20)
    assert at_most == pytest.approx(0.9)  # 17 of 20 masses are found from a score of 0.2 on
    assert (cleared, missed) == (0.6, 0.1)
    for row in rows:
        low, high = row["interval_95"]
        assert low <= row["value"] <= high


def test_digital_films_count_false_marks_a_film():
    films = [film(i, 0.9 if i < 6 else 0.1, [0.5, 0.4], None) for i in range(8)]
    rows = {(row["rule"], row["metric"]): row["value"] for row in measure_digital(films)}
    assert rows["IoU >= 0.2", "sensitivity at 1 false marks a film, 8 masses"] == 0.75
    assert rows["IoU >= 0.2", "sensitivity at 2 false marks a film, 8 masses"] == 1.0


def test_document_says_where_the_detector_has_seen_the_films():
    row = {"data": "d", "metric": "m", "rule": "r", "value": 0.5, "interval_95": [0.4, 0.6]}
    assert "has learned from these images" in elsewhere_document("m", "CBIS-DDSM and CDD-CESM.", [row])
    assert "has learned from" not in elsewhere_document("m", "CBIS-DDSM.", [row])
