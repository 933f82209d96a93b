"""Findings and films are called in the PACS what the report calls them."""

import pydicom
from dicom_content import items, values


def read_together(*order: str) -> dict:
    """A finished joint reading: lesions of one mark each, the most suspicious first."""
    lesions = [
        {
            "marks": [{"job_id": "job-1", "finding_id": finding_id, "view": "CC"}],
            "probability_malignant": 0.6 - place / 10,
            "same_lesion": None,
            "place": None,
        }
        for place, finding_id in enumerate(order)
    ]
    breast = {
        "laterality": "R",
        "views": ["CC"],
        "assessment": "malignancy_suspected",
        "probability_malignant": 0.6,
        "bi_rads": 4,
        "lesions": lesions,
        "text": "added by the API",
    }
    said = {"method": "rule", "assessment": "malignancy_suspected", "probability_malignant": 0.6, "text": "of the API"}
    return {"state": "done", "error": None, "reading": {**said, "breasts": [breast]}}


def labels(state: pydicom.Dataset) -> list[str]:
    [annotation] = state.GraphicAnnotationSequence
    return [label.UnformattedTextValue for label in annotation.TextObjectSequence]


def test_findings_have_the_numbers_of_the_report_and_are_made_anew_when_these_change(study):
    study.gateway.together = {"state": "running", "error": None, "reading": None}
    study.look()
    assert study.of("findings") == study.of("marks") == study.of("conclusion") == [], "they are not numbered yet"
    for order in (("f1", "f2"), ("f2", "f1"), ("f2", "f1")):
        study.gateway.together = read_together(*order)
        study.look()
    first, second = study.of("findings")
    assert values(first, "112039") == ["Finding 1 in RCC", "Finding 2 in RCC"]
    assert values(second, "112039") == ["Finding 2 in RCC", "Finding 1 in RCC"]
    assert [item.UID for item in items(first, "112040")] == [item.UID for item in items(second, "112040")]
    assert labels(study.of("marks")[-1]) == ["Finding 2 in RCC: 60%", "Finding 1 in RCC: 60%"]


def test_of_two_films_of_one_view_each_has_the_name_that_the_report_gives_it(study):
    failed = {"id": "image-0", "sha256": "0" * 64, "state": "failed", "view": "CC", "laterality": "R"}
    study.gateway.images = [failed, study.gateway.image]
    study.look()
    [report] = study.of("findings")
    assert values(report, "112039") == ["Finding 1 in RCC 2", "Finding 2 in RCC 2"]
