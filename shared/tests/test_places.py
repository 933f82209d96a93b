"""What a reader draws has a place by its film, and by both views where the reader says that they show one lesion.

`axis.test.js` checks that the portal computes what the cases in `places.json` say.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from film_results import film_result

from lobule.contracts.axis import FilmAxis
from lobule.contracts.case import CaseContent, CaseImage, Conclusion
from lobule.contracts.examination import BreastReading, ExaminationReading, Lesion, LesionMark
from lobule.contracts.reader import FindingReference, ReaderFinding, SameLesion
from lobule.contracts.result import Box, ImageInfo
from lobule.places import places_of_drawn

AT = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
IDS = {name: f"0000000{n}-0000-4000-8000-000000000000" for n, name in enumerate(("CC", "MLO", "mark"))}
BOX = Box(x=390, y=290, width=20, height=20)
CASES = json.loads((Path(__file__).parent / "places.json").read_text("utf-8"))


def info(view, **changes):
    facts = {"sha256": "0" * 64, "file_name": "f.dcm", "modality": "mammography", "width": 800, "height": 800}
    facts |= {"view": view, "laterality": "L", "pixel_spacing_mm": (0.1, 0.1)}
    return ImageInfo.model_validate(facts | changes)


RESULTS = {view: film_result(info(view), BOX) for view in ("CC", "MLO")}


def content_of(films: dict[str, tuple[ImageInfo, Box, dict[str, Any]]]) -> CaseContent:
    """A case with a drawn finding on the film of each view."""
    images, axes = [], []
    for view, (image, box, axis) in films.items():
        own = ReaderFinding(
            id=IDS[view], image_id=view, number=1, kind="mass", shape="box", box=box, author="Dr Lee", drawn_at=AT
        )
        images.append(CaseImage(image_id=view, job_id=view, image=image, state="assessed", reader_findings=[own]))
        axes.append(FilmAxis.model_validate({"job_id": view, "view": view} | axis))
    return CaseContent(
        case_id="c",
        pseudonym="P",
        revision=1,
        created_at=AT,
        images=images,
        conclusion=Conclusion(assessment="not_sure", probability_malignant=0.4),
        examination=ExaminationReading(
            method="rule", breasts=[], assessment="not_sure", probability_malignant=None, axes=axes
        ),
    )


@pytest.fixture
def content() -> CaseContent:
    axis = {"upright": True, "nipple": (700, 500), "wall": (100, 500), "side": (700, -100)}
    return content_of({view: (info(view), BOX, axis) for view in ("CC", "MLO")})


def same_lesion(other: FindingReference) -> SameLesion:
    """What a reader says: the finding that was drawn on the craniocaudal view is that one."""
    one = FindingReference(finding_id=IDS["CC"])
    return SameLesion(id=IDS["mark"], one=one, other=other, author="Dr Lee", said_at=AT)


def test_one_film_tells_one_half_the_depth_and_the_distance_from_the_nipple(content):
    places = places_of_drawn(content, RESULTS)
    (cc, far), (mlo, _) = places[IDS["CC"]], places[IDS["MLO"]]
    assert (cc.across, cc.along, cc.clock, cc.depth) == ("outer", None, None, "middle")
    assert (mlo.across, mlo.along, mlo.clock) == (None, "upper", None)
    assert far == pytest.approx(36.06, abs=0.01)


@pytest.mark.parametrize(
    "other", [FindingReference(finding_id=IDS["MLO"]), FindingReference(job_id="MLO", finding_id="f1")]
)
def test_the_same_lesion_on_the_other_view_tells_the_hour(content, other):
    content.same_lesions = [same_lesion(other)]
    assert places_of_drawn(content, RESULTS)[IDS["CC"]][0].clock == 2


def test_a_corrected_outline_has_the_place_of_the_lesion(content):
    marks = [LesionMark(job_id=view, finding_id="f1", view=view) for view in ("CC", "MLO")]
    lesion = Lesion(marks=marks, probability_malignant=0.4, same_lesion=0.9, place=None)
    breast = BreastReading(
        laterality="L",
        views=["CC", "MLO"],
        assessment="not_sure",
        probability_malignant=0.4,
        bi_rads=4,
        lesions=[lesion],
    )
    content.examination.breasts = [breast]
    content.images[0].reader_findings[0].corrects = FindingReference(job_id="CC", finding_id="f1")
    assert places_of_drawn(content, RESULTS)[IDS["CC"]][0].clock == 2


def test_what_is_not_known_is_left_out(content):
    unmeasured = {
        view: each.model_copy(update={"image": info(view, pixel_spacing_mm=None)}) for view, each in RESULTS.items()
    }
    assert places_of_drawn(content, unmeasured)[IDS["CC"]][1] is None
    content.images[0].image.laterality = None
    content.examination.axes = content.examination.axes[:1]
    assert places_of_drawn(content, RESULTS) == {}
    content.examination = None
    assert places_of_drawn(content, RESULTS) == {}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_place_is_that_of_the_portal(case):
    unmeasured = {"width": 1000, "height": 900, "pixel_spacing_mm": None}
    films = {
        view: (
            info(view, **unmeasured | {"laterality": case["side"]} | film["image"]),
            Box(**dict(zip(("x", "y", "width", "height"), film["box"], strict=True))),
            film["axis"],
        )
        for view, film in case["films"].items()
    }
    content = content_of(films)
    content.same_lesions = [same_lesion(FindingReference(finding_id=IDS["MLO"]))]
    results = {view: film_result(image, box) for view, (image, box, _) in films.items()}
    place, mm = places_of_drawn(content, results)[IDS[case["of"]]]
    assert place.model_dump() == case["place"]
    assert mm == (None if case["mm"] is None else pytest.approx(case["mm"], abs=0.01))
