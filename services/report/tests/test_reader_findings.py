"""What readers drew stands in every form of a case's report, apart from what the system found."""

import io
import json
import re
from datetime import UTC, datetime

import numpy as np
import pypdf
import pytest
from rendered_reports import render_case

from lobule.contracts.axis import FilmAxis
from lobule.contracts.case import CaseContent, CaseImage, Conclusion
from lobule.contracts.examination import ExaminationReading
from lobule.contracts.progress import StepError
from lobule.contracts.reader import FindingReference, ReaderFinding, SameLesion
from lobule.contracts.result import Box
from report.composition import case_report
from report.palette import READER
from report.reader import as_shape

AT = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
IDS = [f"0000000{n}-0000-4000-8000-000000000000" for n in range(3)]


def drawn(number: int, **changes) -> ReaderFinding:
    said = {"id": IDS[number], "image_id": "i", "number": number, "kind": "distortion", "shape": "box"}
    said |= {"box": Box(x=600, y=300, width=80, height=60), "author": "Dr Lee", "drawn_at": AT}
    return ReaderFinding.model_validate(said | changes)


@pytest.fixture
def content(mammogram) -> CaseContent:
    own = [
        drawn(1, comment="seen in 2024 too"),
        drawn(2, kind="mass", shape="ellipse", corrects=FindingReference(job_id="j", finding_id="f1")),
    ]
    image = CaseImage(
        image_id="i", job_id="j", image=mammogram[0].image, state="assessed", result_prefix="p", analysed_at=AT,
        reader_findings=own,
    )  # fmt: skip
    one, other = FindingReference(finding_id=IDS[1]), FindingReference(job_id="j", finding_id="f2")
    return CaseContent(
        case_id="6f0b3c5e-0000",
        pseudonym="P-42",
        revision=3,
        created_at=AT,
        images=[image],
        conclusion=Conclusion(assessment="not_sure", probability_malignant=0.7),
        same_lesions=[SameLesion(id=IDS[0], one=one, other=other, author="Dr Lee", said_at=AT)],
    )


def reading_with_axis() -> ExaminationReading:
    """Of a right MLO film of which the nipple is at the left; 65 mm deep."""
    axis = FilmAxis(job_id="j", view="MLO", nipple=(240, 530), wall=(890, 530), side=(240, -120), upright=True)
    return ExaminationReading(method="rule", breasts=[], assessment="not_sure", probability_malignant=None, axes=[axis])


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Findings of the reader", "A in RMLO", "8 x 6 mm", "Architectural distortion", "seen in 2024 too"]),
        ("zh", ["阅片者的所见", "RMLO 中的 A", "结构扭曲", "seen in 2024 too"]),
    ],
)
def test_every_form_says_them_apart(content, mammogram, language, words):
    forms = render_case(content, [mammogram], language=language, forms={"pdf", "html", "json"})
    pages = pypdf.PdfReader(io.BytesIO(forms[f"report.{language}.pdf"])).pages
    pdf = re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))
    html = forms[f"report.{language}.html"].decode()
    own = html[html.index('id="readers"') :]
    for said in words:
        assert said in pdf, said
        assert said in own[: own.index("</section>")], said
    document = json.loads(forms[f"report.{language}.json"])
    [rows] = document["drawn"]
    assert [(row["letter"], row["finding"]["kind"], bool(row["corrects"])) for row in rows] == [
        ("A", "distortion", False),
        ("B", "mass", True),
    ]
    assert rows[0]["finding"]["box"] == {"x": 600, "y": 300, "width": 80, "height": 60}
    assert len(document["same_lesions"]) == 1
    assert [finding["number"] for finding in document["images"][0]["findings"]] == [1, 2], "the system's are its own"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_those_on_an_image_whose_new_analysis_failed_stay_in_every_form(content, language):
    error = StepError(code="image_unreadable", detail="-")
    failed = {"state": "failed", "result_prefix": None, "analysed_at": None, "error": error}
    image = content.images[0].model_copy(update=failed)
    left = content.model_copy(update={"images": [image], "same_lesions": []})
    forms = render_case(left, [], language=language, forms={"pdf", "html", "json"})
    pages = pypdf.PdfReader(io.BytesIO(forms[f"report.{language}.pdf"])).pages
    assert "seen in 2024 too" in re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))
    assert "seen in 2024 too" in forms[f"report.{language}.html"].decode()
    [unseen] = json.loads(forms[f"report.{language}.json"])["not_assessed"]
    assert [(row["letter"], row["size"][:3], row["corrects"]) for row in unseen["drawn"]] == [
        ("A", "8 x", ""),
        ("B", "8 x", ""),
    ]


def test_a_correction_of_an_earlier_analysis_names_no_finding_of_this_one(content, mammogram):
    image = content.images[0].model_copy(update={"job_id": "later"})
    content = content.model_copy(update={"images": [image], "same_lesions": []})
    [rows] = case_report(content, [mammogram]).document.drawn
    assert [row.corrects for row in rows] == ["", ""]


def test_letters_never_end(content):
    numbers = (1, 26, 27, 52, 53, 702, 703)
    letters = [drawn(1).model_copy(update={"number": number}).letter for number in numbers]
    assert letters == [
        "A",
        "Z",
        "AA",
        "AZ",
        "BA",
        "ZZ",
        "AAA",
    ]


def test_they_are_drawn_in_a_colour_of_their_own(content, mammogram):
    [pictures] = case_report(content, [mammogram]).pictures
    violet = (np.abs(pictures.hung.astype(int) - READER) < 3).all(axis=2)
    assert violet[148:182, 298:342].any(), "half as large as the film, round (600, 300)"
    assert not (np.abs(pictures.annotated.astype(int) - READER) < 3).all(axis=2).any(), "not among the system's"
    assert len(pictures.drawn) == 2


def test_an_ellipse_fills_its_box():
    outline = np.array(as_shape(drawn(1, shape="ellipse")).outline) + 0.5
    assert outline.min(axis=0) == pytest.approx((600, 300), abs=0.2)
    assert outline.max(axis=0) == pytest.approx((680, 360), abs=0.2)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Right breast: upper and middle third; 45 mm from the nipple"),
        ("zh", "右乳：上部和中 1/3；距乳头45 mm"),
    ],
)
def test_they_have_a_place_in_the_breast_where_the_system_has_one(content, mammogram, language, words):
    content.examination = reading_with_axis()
    forms = render_case(content, [mammogram], language=language, forms={"pdf", "html", "json"})
    pages = pypdf.PdfReader(io.BytesIO(forms[f"report.{language}.pdf"])).pages
    said = "".join(words.split())
    assert said in re.sub(r"\s+", "", "".join(page.extract_text() for page in pages))
    assert said in re.sub(r"\s+", "", forms[f"report.{language}.html"].decode())
    [rows] = json.loads(forms[f"report.{language}.json"])["drawn"]
    assert {row["place"] for row in rows} == {words}


@pytest.mark.parametrize(
    ("plane", "words"),
    [
        ("patient", "64 mm right, 33 mm down"),
        ("detector", "64 mm right, 33 mm down, on the detector"),
        (None, "64 mm right, 33 mm down, in a plane that the file does not name"),
    ],
)
def test_without_a_place_their_position_is_in_millimetres(content, mammogram, plane, words):
    mammogram[0].image.spacing_plane = plane
    [rows] = case_report(content, [mammogram]).document.drawn
    assert [(row.place, row.position) for row in rows] == [("", words)] * 2


def test_without_a_spacing_sizes_and_positions_are_in_pixels(content, mammogram):
    mammogram[0].image.pixel_spacing_mm = None
    document = case_report(content, [mammogram]).document
    assert [(row.size, row.position) for row in document.drawn[0]] == [
        ("80 x 60 pixels", "640 right, 330 down (pixels)")
    ] * 2
    assert "Sizes in millimetres: the file does not say how large a pixel is." in " ".join(document.limits)
