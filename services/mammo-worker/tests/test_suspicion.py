"""One scale for film and findings, and the advice that follows from it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lobule.contracts.result import Box, DisplayImage, Finding, ImageInfo, ModelInfo, Result, Thresholds
from mammo_worker.calibration import cap_suspicion
from mammo_worker.pipeline import advice

THRESHOLDS = Thresholds(low=0.15, high=0.57, finding=0.3)
Probabilities = st.floats(0, 1)


def result(film: float, findings: list[tuple[float, float]]) -> Result:
    """A result with findings of (probability, suspicion)."""
    return Result(
        image=ImageInfo(sha256="0" * 64, file_name="film.png", modality="mammography", width=400, height=800),
        model=ModelInfo(name="m", version="1", weights_sha256="0" * 64, calibration="none", trained_on="nothing"),
        thresholds=THRESHOLDS,
        assessment=THRESHOLDS.assess(film),
        probability_malignant=film,
        findings=[
            Finding(label="mass", probability=there, probability_malignant=bad, box=Box(x=0, y=0, width=9, height=9))
            for there, bad in findings
        ],
        display=DisplayImage(file="display.png", width=400, height=800),
    )


def codes(film: float, *findings: tuple[float, float]) -> list[str]:
    return [notice.code for notice in advice(result(film, list(findings)))]


@given(st.lists(Probabilities), Probabilities)
def test_no_finding_is_more_suspicious_than_its_film(suspicions, film):
    given_, capped = np.array(suspicions), cap_suspicion(np.array(suspicions), film)
    assert (capped <= film).all()
    assert (capped <= given_).all()
    assert (capped == given_)[given_ <= film].all(), "what does not contradict the film stays"


def test_doubt_without_a_mark_suggests_imaging_and_no_biopsy():
    assert codes(0.3) == ["further_imaging_suggested"]
    assert codes(0.8) == ["further_imaging_suggested"]
    words = " ".join(notice.detail for notice in advice(result(0.3, [])))
    assert "other view" in words
    assert "ultrasound" in words
    assert "biopsy" not in words


def test_doubt_with_a_mark_that_is_not_suspicious_suggests_no_biopsy():
    assert codes(0.3, (0.8, 0.1)) == ["further_imaging_suggested"]
    assert codes(0.3, (0.2, 0.2)) == ["further_imaging_suggested"], "a weak finding is not marked"


def test_a_suspicious_mark_suggests_imaging_first_then_tissue():
    assert codes(0.3, (0.8, 0.1), (0.5, 0.2)) == ["further_imaging_suggested", "histopathology_suggested"]
    assert codes(0.8, (0.9, 0.7)) == ["further_imaging_suggested", "histopathology_suggested"]


def test_a_film_without_a_sign_suggests_nothing():
    assert codes(0.1, (0.9, 0.1)) == []
