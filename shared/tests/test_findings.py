"""Findings have an id that is given once: by the pipeline, or by their place in the result."""

import json

import pytest
from pydantic import ValidationError

from lobule.contracts.case import Review
from lobule.contracts.result import Result

FINDING = {"label": "mass", "probability": 0.5, "box": {"x": 1, "y": 2, "width": 3, "height": 4}}


def stored(*findings: dict) -> bytes:
    """A result as version 0.1 stored it."""
    document = {
        "image": {"sha256": "0" * 64, "file_name": "a", "modality": "mammography", "width": 9, "height": 9},
        "model": {"name": "m", "version": "1", "weights_sha256": "0" * 64, "calibration": "c", "trained_on": "t"},
        "thresholds": {"low": 0.2, "high": 0.7},
        "assessment": "not_sure",
        "probability_malignant": 0.5,
        "findings": findings,
        "display": {"file": "d.png", "width": 9, "height": 9},
    }
    return json.dumps(document).encode()


def ids(result: Result) -> list[str]:
    return [finding.id for finding in result.findings]


def test_findings_stored_without_ids_get_the_same_ones_whenever_they_are_read():
    once, again = (Result.model_validate_json(stored(FINDING, FINDING)) for _ in range(2))
    assert ids(once) == ids(again) == ["f1", "f2"]


def test_ids_are_kept_when_findings_change_their_order():
    result = Result.model_validate_json(stored(FINDING, FINDING))
    turned = result.model_copy(update={"findings": result.findings[::-1]})
    assert ids(Result.model_validate_json(turned.model_dump_json())) == ["f2", "f1"]
    assert turned.place_of("f1") == 1


@pytest.mark.parametrize("wrong", ["f1", "image", "1", "F2", "f12345"])
def test_an_id_is_given_once_and_never_means_something_else(wrong):
    with pytest.raises(ValidationError):
        Result.model_validate_json(stored(FINDING, FINDING | {"id": wrong}))


@pytest.mark.parametrize(("place", "named"), [("0", "f1"), ("11", "f12"), ("image", "image")])
def test_a_review_signed_before_findings_had_ids_names_its_finding(place, named):
    said = {"job_id": "j", "finding": place, "reviewer": "Dr Lee", "reviewed_at": "2026-01-01T00:00:00Z"}
    assert Review.model_validate(said).finding_id == named
    assert Review.model_validate_json(json.dumps(said)).finding_id == named
