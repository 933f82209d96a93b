"""How many pages the report of a case takes, and what stands on each."""

import io
import re
from datetime import UTC, date, datetime

import cv2
import numpy as np
import pypdf
import pytest
from rendered_reports import render_case

from lobule.contracts.case import Review
from lobule.contracts.examination import BreastReading, ExaminationReading, Lesion, LesionMark, LesionPlace
from lobule.contracts.result import DisplayImage, HeatMap
from lobule.imaging.decode import encode_png
from lobule.words import Words, make_notice
from report.composition import case_report
from report.exporters.png import export_png

AT = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
COMMENT = "Spiculated, new since 2024."


@pytest.fixture
def four_views(make_content, mammogram, signature):
    """Builds a signed case of four films with six findings, of which some were dismissed and the others confirmed."""

    def build(dismissed: int):
        result, files = mammogram
        files = files | {"heat.png": encode_png(np.full((240, 360), 90, np.uint8))}
        heat = HeatMap(file="heat.png", method="class activation map", meaning="spoke for malignancy")
        content = make_content(signature)
        place = LesionPlace(across="outer", along="upper", clock=10, depth="middle", retroareolar=False)
        marks = [LesionMark(job_id=job, finding_id="f1", view=view) for job, view in (("0", "CC"), ("2", "MLO"))]
        lesion = Lesion(marks=marks, probability_malignant=0.8, same_lesion=0.9, place=place)
        said = {"assessment": "malignancy_suspected", "probability_malignant": 0.8}
        breast = BreastReading(laterality="R", views=["CC", "MLO"], bi_rads=4, density="c", lesions=[lesion], **said)
        reading = ExaminationReading(method="rule", breasts=[breast], **said)
        images, results = [], []
        for number, (side, view) in enumerate([("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO")]):
            film = result.image.model_copy(update={"view": view, "laterality": side, "file_name": f"{side}{view}.dcm"})
            found = result.findings if number < 2 else result.findings[:1]
            results.append((result.model_copy(update={"image": film, "findings": found, "heat_map": heat}), files))
            said = {"job_id": str(number), "reviewer": "Dr Lee", "reviewed_at": AT}
            first = {"verdict": "dismissed"} if number > 5 - dismissed else {"verdict": "confirmed", "comment": COMMENT}
            reviews = [Review(finding="0", **first, **said)]
            reviews += [Review(finding="1", verdict="dismissed", **said)] if number < min(dismissed, 2) else []
            image = content.images[0].model_copy(update={"job_id": str(number), "image": film, "reviews": reviews})
            images.append(image)
        return content.model_copy(update={"images": images, "examination": reading}), results

    return build


def test_many_dismissed_findings_take_no_further_page(four_views):
    content, results = four_views(dismissed=5)
    pdf = render_case(content, results, language="en", forms=["pdf"])["report.en.pdf"]
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]
    assert len(pages) <= 3
    assert Words("en")("findings.dismissed") in "".join(pages)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_four_views_with_six_findings_fit_on_three_pages(four_views, language):
    """The clinician's conclusion with the hung films, the findings with a crop each, the appendix."""
    content, results = four_views(dismissed=1)
    pdf = render_case(content, results, language=language, forms=["pdf"])[f"report.{language}.pdf"]
    pages = [re.sub(r"\s+", "", page.extract_text()) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]
    words = Words(language)
    heads = ("clinician.heading", "findings.confirmed", "appendix.heading")
    assert [re.sub(r"\s+", "", words(head)) in page for head, page in zip(heads, pages, strict=True)] == [True] * 3
    assert "DrLee" in pages[0]
    density = {"side": words("clinical.side.R"), "letter": "c", "words": words("clinical.density.c")}
    assert sum(re.sub(r"\s+", "", words("breast.density.side", **density)) in page for page in pages) == 1
    breast = {"side": words("clinical.side.R"), "percent": "80%"}
    breast["assessment"] = words("common.assessment.malignancy_suspected")
    number = re.sub(r"\s+", "", words("breast.assessed.side", **breast))
    assert sum(number in page for page in pages) == 1, "the conclusion's number is that of a breast, which no film has"
    assert pages[1].count(COMMENT.replace(" ", "")) == 3, "what was said of both marks of a lesion stands once"
    both = words("findings.in_image", number=1, image=words.list(["RCC", "RMLO"]))
    assert pages[1].count(re.sub(r"\s+", "", both)) == 1
    hour = words("breast.place.hour", hour=10).replace(" ", "")
    assert pages[1].count(hour) == 1, "the lesion is one entry with both of its marks"


@pytest.mark.parametrize("comment", ["Seen.", "A long comment that goes on over the first page. " * 120])
def test_every_page_has_its_number(make_content, results, signature, comment):
    content = make_content(signature.model_copy(update={"comment": comment}))
    pdf = render_case(content, results, forms=["pdf"])["report.en.pdf"]
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]
    found = [re.search(r"Page\s*(\d+)\s*of\s*(\d+)", page).groups() for page in pages]
    assert found == [(str(number), str(len(pages))) for number in range(1, len(pages) + 1)]
    assert len(pages) >= 3


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_finding_with_a_larger_number_than_its_breast_is_explained(four_views, language):
    content, results = four_views(dismissed=1)
    [right, *others] = content.examination.breasts
    calm = right.model_copy(update={"probability_malignant": 0.06, "assessment": "no_sign_of_malignancy"})
    reading = content.examination.model_copy(update={"breasts": [calm, *others]})
    content = content.model_copy(update={"examination": reading})
    pdf = render_case(content, results, language=language, forms=["pdf"])[f"report.{language}.pdf"]
    text = re.sub(r"\s+", "", "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages))
    words = Words(language)
    numbers = {"finding": words.percent(right.lesions[0].probability_malignant), "breast": "6%"}
    said = words("breast.finding_above.side", side=words("clinical.side.R"), **numbers)
    assert text.count(re.sub(r"\s+", "", said)) == 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_eight_earlier_films_with_the_same_notes_take_no_further_page(four_views, language):
    content, results = four_views(dismissed=1)
    notices = [make_notice("aspect_assumed"), make_notice("special_view", view="CC")]
    noted = [(result.model_copy(update={"notices": notices}), files) for result, files in results]
    priors = [
        image.model_copy(
            update={"job_id": f"{image.job_id}-{year}", "is_prior": True, "study_date": day, "reviews": []}
        )
        for year, day in ((2022, date(2022, 3, 1)), (2024, date(2024, 3, 1)))
        for image in content.images
    ]
    content = content.model_copy(update={"images": [*content.images, *priors]})
    pdf = render_case(content, [*noted, *noted, *results], language=language, forms=["pdf"])[f"report.{language}.pdf"]
    pages = [re.sub(r"\s+", "", page.extract_text()) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]
    assert len(pages) <= 3
    note = re.sub(r"\s+", "", Words(language)("notice.aspect_assumed"))
    assert "".join(pages).count(note) == 1
    numbers = f"[{('、' if language == 'zh' else ',').join('12345678')}]" + ("：" if language == "zh" else ":")
    assert numbers + note in "".join(pages)
    assert all(f"[{image}]RCC" in "".join(pages) for image in (1, 5)), "the list says which images these are"
    html = render_case(content, [*noted, *noted, *results], language=language, forms=["html"])[
        f"report.{language}.html"
    ]
    seen = re.sub(r"\s+", "", re.sub(r"<[^>]*>", "", html.decode("utf-8")))
    assert seen.count(note) == 1
    assert html.count(b"<figure>") == 2 * len(content.images) - 2 * len(priors), "of earlier films only the tiles"
    assert numbers + note in seen
    assert all(f"[{image}]RCC" in seen for image in (1, 5))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_second_page_of_a_draft_with_eight_earlier_films_begins_with_the_findings(four_views, language):
    content, results = four_views(dismissed=1)
    upright = {"display.png": encode_png(np.full((480, 280, 3), 90, np.uint8))}
    sizes = {"width": 560, "height": 960}
    films = [
        (
            result.model_copy(
                update={
                    "image": result.image.model_copy(update=sizes),
                    "display": DisplayImage(file="display.png", width=280, height=480),
                    "heat_map": None,
                }
            ),
            files | upright,
        )
        for result, files in results
    ]
    unread = [image.model_copy(update={"reviews": []}) for image in content.images]
    priors = [
        image.model_copy(update={"job_id": f"{image.job_id}-{day.year}", "is_prior": True, "study_date": day})
        for day in (date(2022, 3, 1), date(2024, 3, 1))
        for image in unread
    ]
    content = content.model_copy(update={"images": [*unread, *priors], "signature": None})
    pdf = render_case(content, films * 3, language=language, forms=["pdf"])[f"report.{language}.pdf"]
    pages = [re.sub(r"\s+", "", page.extract_text()) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]
    words = Words(language)
    assert re.sub(r"\s+", "", words("signature.unsigned")) in pages[0]
    assert re.sub(r"\s+", "", words("findings.marked")) in pages[1]
    assert len(pages) <= 3


@pytest.mark.parametrize(("count", "share"), [(1, 0.36), (2, 0.36), (3, 0.24)])
def test_few_fields_that_stand_alone_are_printed_large(make_content, make_histology, count, share):
    """The share of the page's width that the first field takes."""
    field = (make_histology()[0], {"display.png": encode_png(np.full((240, 360, 3), (255, 0, 0), np.uint8))})
    field = (field[0].model_copy(update={"heat_map": None}), field[1])
    content = make_content()
    images = [content.images[1].model_copy(update={"image_id": str(n), "job_id": str(n)}) for n in range(count)]
    report = case_report(content.model_copy(update={"images": images}), [field] * count)
    page = cv2.imdecode(np.frombuffer(export_png(report), np.uint8), cv2.IMREAD_COLOR)[..., ::-1].astype(int)
    red = (abs(page - (255, 0, 0)) < 40).all(axis=2).sum(axis=1).max() / page.shape[1]
    assert red > share * count
