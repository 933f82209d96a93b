"""FHIR tells sizes and distances from the nipple in millimetres, and the place in the breast, where they are known."""

from datetime import UTC, datetime

import pytest
from film_results import film_result

from gateway.fhir import observations
from lobule.contracts.axis import FilmAxis
from lobule.contracts.case import CaseContent, CaseImage, Conclusion
from lobule.contracts.examination import (
    BreastReading,
    ExaminationReading,
    Lesion,
    LesionMark,
    LesionPlace,
)
from lobule.contracts.reader import ReaderFinding
from lobule.contracts.result import Box, ImageInfo, Result

AT = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
OWN = "12345678-1234-4234-8234-123456789012"
BOX = Box(x=390, y=290, width=20, height=40)
FILM = ImageInfo(
    sha256="0" * 64, file_name="f.dcm", modality="mammography", width=800, height=800, view="CC", laterality="L"
)


@pytest.fixture
def result() -> Result:
    """Of a film whose pixels have 0.1 mm."""
    facts = {"pixel_spacing_mm": (0.1, 0.1), "spacing_plane": "patient"}
    return film_result(FILM.model_copy(update=facts), BOX)


@pytest.fixture
def content() -> CaseContent:
    own = ReaderFinding(id=OWN, image_id="i", number=1, kind="mass", shape="box", box=BOX, author="Dr Lee", drawn_at=AT)
    place = LesionPlace(across="outer", along=None, clock=None, depth="middle", retroareolar=False)
    mark = LesionMark(job_id="j", finding_id="f1", view="CC", from_nipple_mm=35.5)
    lesion = Lesion(marks=[mark], probability_malignant=0.4, same_lesion=None, place=place)
    number = {"assessment": "not_sure", "probability_malignant": 0.4}
    breast = BreastReading(laterality="L", views=["CC"], bi_rads=4, lesions=[lesion], **number)
    axis = FilmAxis(job_id="j", view="CC", nipple=(700, 500), wall=(100, 500), side=(700, -100), upright=True)
    return CaseContent(
        case_id="c",
        pseudonym="P",
        revision=1,
        created_at=AT,
        images=[CaseImage(image_id="i", job_id="j", image=FILM, state="assessed", reader_findings=[own])],
        conclusion=Conclusion(**number),
        examination=ExaminationReading(method="rule", breasts=[breast], axes=[axis], **number),
    )


def measures(observation) -> dict:
    """The components by their names, without what a model says of the finding."""
    values = {
        each["code"]["text"]: each.get("valueString") or each["valueQuantity"] for each in observation["component"]
    }
    return {name: each if isinstance(each, str) else (each["value"], each["code"]) for name, each in values.items()}


def of_both(content, result):
    [image] = content.images
    [found] = observations.findings(content, "e", image, result)
    [drawn] = observations.drawn(content, "e", image, {"j": result})
    return measures(found), measures(drawn)


def test_a_drawn_finding_has_the_measures_of_one_of_the_system(content, result):
    found, drawn = of_both(content, result)
    told = {
        "Length": (4.0, "mm"),
        "Width": (2.0, "mm"),
        "Clockface or region": "outer and middle third",
        "Distance from nipple": (35.5, "mm"),
        "Image Region": "x=390 y=290 width=20 height=40 pixels",
    }
    assert drawn == told
    assert {name: found[name] for name in told} == told


def test_the_plane_of_a_length_is_named_unless_it_is_the_patients(content, result):
    result.image.spacing_plane = "detector"
    for told in of_both(content, result):
        assert told["Length, measured in the plane of the detector"] == (4.0, "mm")


def test_without_a_spacing_there_is_no_length(content, result):
    result.image.pixel_spacing_mm = None
    _, drawn = of_both(content, result)
    assert set(drawn) == {"Clockface or region", "Image Region"}
