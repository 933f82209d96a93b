"""Places of drawn findings, by the cases in `places.json`; `axis.test.js` checks that the portal computes the same."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from film_results import film_result

from lobule.contracts.axis import FilmAxis
from lobule.contracts.case import CaseContent, CaseImage, Conclusion
from lobule.contracts.examination import ExaminationReading
from lobule.contracts.reader import FindingReference, ReaderFinding, SameLesion
from lobule.contracts.result import Box, ImageInfo
from lobule.places import places_of_drawn

AT = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
IDS = {name: f"0000000{n}-0000-4000-8000-000000000000" for n, name in enumerate(("CC", "MLO", "mark"))}
CASES = json.loads((Path(__file__).parent / "places.json").read_text("utf-8"))


def content_of(case: dict[str, Any]) -> CaseContent:
    """A case with a drawn finding on each film, which are the same lesion."""
    images, axes = [], []
    for view, film in case["films"].items():
        x, y, width, height = film["box"]
        box = Box(x=x, y=y, width=width, height=height)
        drawn = {"id": IDS[view], "image_id": view, "number": 1, "kind": "mass", "shape": "box", "box": box}
        own = ReaderFinding.model_validate(drawn | {"author": "Dr Lee", "drawn_at": AT})
        facts = {"sha256": "0" * 64, "file_name": "f.dcm", "modality": "mammography", "width": 1000, "height": 900}
        image = ImageInfo.model_validate(facts | {"view": view, "laterality": case["side"]} | film["image"])
        images.append(CaseImage(image_id=view, job_id=view, image=image, state="assessed", reader_findings=[own]))
        axes.append(FilmAxis.model_validate({"job_id": view, "view": view} | film["axis"]))
    one, other = (FindingReference(finding_id=IDS[view]) for view in ("CC", "MLO"))
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
        same_lesions=[SameLesion(id=IDS["mark"], one=one, other=other, author="Dr Lee", said_at=AT)],
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_place_is_that_of_the_portal(case):
    content = content_of(case)
    results = {each.job_id: film_result(each.image, each.reader_findings[0].box) for each in content.images}
    place, mm = places_of_drawn(content, results)[IDS[case["of"]]]
    assert place.model_dump() == case["place"]
    assert mm == (None if case["mm"] is None else pytest.approx(case["mm"], abs=0.01))
