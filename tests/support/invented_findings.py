"""Invented outputs of a detector for a patient's film, for tests of calibrations and packages."""

import numpy as np

from mammo_worker.evaluation.metrics import FilmResult


def detections_of(film):
    """A detector's output for a film: its mass, and a weaker false positive."""
    chance = np.random.default_rng(int(film.patient[1:]))
    malignant = int(film.patient[1:]) % 2 == 0
    score, kind = chance.uniform(0.4, 0.9), chance.uniform(0.3, 0.6) + 0.3 * malignant
    return FilmResult(
        film.name,
        film.patient,
        np.array([[0.0, 0.0, 10.0, 10.0]]),
        np.array([2 if malignant else 1]),
        malignant,
        np.array([[0.0, 0.0, 10.0, 10.0], [50.0, 50.0, 60.0, 60.0]]),
        np.array([score, score / 2]),
        np.array([kind, 0.2]),
        np.array([kind * 4 - 2, kind]),
        laterality=getattr(film, "laterality", ""),
        view=getattr(film, "view", ""),
    )
