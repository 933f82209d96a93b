"""Findings and films are called in the PACS what the report calls them."""

import pydicom
import pytest
from dicom_content import items, values


def read_together(*order: str, place: dict | None = None) -> dict:
    """A finished joint reading: lesions of one mark each, the most suspicious first, of which that one has a place."""
    lesions = [
        {
            "marks": [{"job_id": "job-1", "finding_id": finding_id, "view": "CC"}],
            "probability_malignant": 0.6 - number / 10,
            "same_lesion": None,
            "place": None if number else place,
        }
        for number, finding_id in enumerate(order)
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


@pytest.mark.parametrize(
    ("place", "coded"),
    [
        ({"across": "outer", "along": "upper", "clock": 10, "retroareolar": False}, ["129781005"]),
        ({"across": None, "along": None, "clock": None, "retroareolar": True}, ["129784002"]),
        ({"across": "outer", "along": None, "clock": None, "retroareolar": False}, []),
    ],
)
def test_findings_have_the_place_that_the_films_tell_together(study, place, coded):
    study.gateway.together = read_together("f2", "f1", place={"depth": "middle", **place})
    study.look()
    [report] = study.of("findings")
    assert len(items(report, "112040")) == 2
    assert values(report, "106233006") == coded, "of the finding with a place alone"
    groups = [group for group in items(report, "125007") if values(group, "106233006")]
    assert [values(group, "112039") for group in groups] == [["Finding 1 in RCC"]] * len(coded)


def test_of_two_films_of_one_view_each_has_the_name_that_the_report_gives_it(study):
    failed = {"id": "image-0", "sha256": "0" * 64, "state": "failed", "view": "CC", "laterality": "R"}
    study.gateway.images = [failed, study.gateway.image]
    study.look()
    [report] = study.of("findings")
    assert values(report, "112039") == ["Finding 1 in RCC 2", "Finding 2 in RCC 2"]
