"""Reports of cases, and what every form says in both languages."""

import io
import re
import shutil
import subprocess
from datetime import UTC, date, datetime

import cv2
import numpy as np
import pypdf
import pytest

from lobule.contracts.case import (
    CaseImage,
    Conclusion,
    Review,
)
from lobule.contracts.examination import BreastReading, ExaminationReading, Lesion, LesionMark, LesionPlace
from lobule.contracts.result import Hanging, HeatMap
from lobule.imaging.decode import decode_rgb, encode_png
from lobule.words import Words, make_notice
from report.document import ReportDocument, case_document
from report.renderer import render, render_case

ADVICE = {"en": "should read this case with priority", "zh": "建议医师优先阅读本病例"}


SUSPECTED = {"en": "Malignancy suspected", "zh": "怀疑恶性"}


AT = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)


def pdf_text(data: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(data)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


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
    assert pages[1].count(COMMENT.replace(" ", "")) == 3, "what was said of both marks of a lesion stands once"
    both = words("findings.in_image", number=1, image=words.list(["RCC", "RMLO"]))
    assert pages[1].count(re.sub(r"\s+", "", both)) == 1
    hour = words("breast.place.hour", hour=10).replace(" ", "")
    assert pages[1].count(hour) == 1, "the lesion is one entry with both of its marks"


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
    numbers = ("、" if language == "zh" else ",").join("12345678") + ("：" if language == "zh" else ":")
    assert numbers + note in "".join(pages)
    html = render_case(content, [*noted, *noted, *results], language=language, forms=["html"])[
        f"report.{language}.html"
    ]
    seen = re.sub(r"\s+", "", re.sub(r"<[^>]*>", "", html.decode("utf-8")))
    assert seen.count(note) == 1
    assert html.count(b"<figure>") == 2 * len(content.images) - 2 * len(priors), "of earlier films only the tiles"
    assert numbers + note in seen


def test_priors_are_named_by_date_and_hang_apart(make_content, mammogram):
    def film(job_id: str, day: date, *, is_prior: bool) -> CaseImage:
        """A film of the same view as the first image, with another name on disk."""
        return content.images[0].model_copy(
            update={"job_id": job_id, "image_id": job_id, "study_date": day, "is_prior": is_prior, "reviews": []}
        )

    content = make_content()
    old, new = date(2023, 3, 2), date(2026, 1, 14)
    images = [
        film("a", old, is_prior=True),
        film("b", new, is_prior=False),
        film("c", old, is_prior=True),
        film("d", new, is_prior=False),
    ]
    content = content.model_copy(update={"images": images})
    document = case_document(content, [mammogram[0]] * 4, Words("en"))
    assert [section.name for section in document.images] == [
        "LCC · prior of 2 Mar 2023",
        "LCC",
        "LCC 2 · prior of 2 Mar 2023",
        "LCC 2",
    ]
    assert document.hung == (1, 3), "films of two examinations never hang together"
    row = [(place.name, place.index, bool(place.words)) for place in document.places]
    empty = [(view, None, True) for view in ("RCC", "RMLO", "LMLO")]
    assert row == [empty[0], ("LCC", 1, False), *empty[1:], ("LCC 2", 3, False)], "a missing view keeps its place"
    named = "LCC · prior of 2 Mar 2023 and LCC 2 · prior of 2 Mar 2023"
    assert any(limit.endswith(f"no part of the conclusion: {named}.") for limit in document.limits)
    rendered = render_case(content, [mammogram] * 4, language="en", forms={"html", "pdf"})
    unjudged, count = "Marked by the system, not reviewed yet", 2 * len(mammogram[0].marked_findings())
    assert f"{unjudged} <small>{count}</small>" in rendered["report.en.html"].decode()
    assert f"{unjudged} {count}" in pdf_text(rendered["report.en.pdf"]), "those of priors wait for no verdict"


@pytest.mark.parametrize("language", ["en", "zh"])
class TestPdf:
    def test_says_all_that_matters_as_text(self, make_content, results, signature, language):
        text = pdf_text(
            render_case(make_content(signature), results, language=language, forms={"pdf"})[f"report.{language}.pdf"]
        )
        not_sure = {"en": "Not sure", "zh": "不确定"}[language]
        for words in (SUSPECTED[language], not_sure, ADVICE[language], "P-42", "87%", "乳腺.png", "先活检", "Dr Lee"):
            assert words in text, words
        assert text.index(not_sure) < text.index(SUSPECTED[language]), "the clinician's conclusion comes first"
        assert "16 x 18 mm" in text
        assert "broken.png" in text
        assert "histo-test" in text
        assert "32 patients" in text

    def test_one_image_alone(self, mammogram, make_histology, language):
        for result, files in (mammogram, make_histology()):
            pdf = render(result, files, analysed_at=AT, language=language, forms={"pdf"})[f"report.{language}.pdf"]
            text = pdf_text(pdf)
            assert text.index(SUSPECTED[language]) < 150
            assert "histo-test" in text

    def test_fonts_are_embedded_and_pages_are_a4(self, make_content, results, language):
        data = render_case(make_content(), results, language=language, forms={"pdf"})[f"report.{language}.pdf"]
        reader = pypdf.PdfReader(io.BytesIO(data))
        fonts = {}
        for page in reader.pages:
            assert [round(float(side)) for side in page.mediabox[2:]] == [595, 842]
            fonts |= page["/Resources"]["/Font"]
        assert fonts
        for font in fonts.values():
            descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            assert {"/FontFile2", "/FontFile3"} & descriptor.keys()

    def test_poppler_draws_it(self, make_content, results, language, tmp_path):
        if shutil.which("pdftoppm") is None:
            pytest.skip("poppler-utils is not installed")
        data = render_case(make_content(), results, language=language, forms={"pdf"})[f"report.{language}.pdf"]
        (tmp_path / "a.pdf").write_bytes(data)
        subprocess.run(
            ["pdftoppm", "-r", "40", "-f", "1", "-l", "1", "-png", tmp_path / "a.pdf", tmp_path / "a"], check=True
        )
        [page] = tmp_path.glob("a-*.png")
        drawn = cv2.imread(str(page))
        assert drawn.std() > 20, "a page with pictures is not blank"


class TestDraft:
    @pytest.mark.parametrize("language", ["en", "zh"])
    def test_is_marked_in_every_form(self, make_content, results, language):
        forms = render_case(make_content(), results, language=language)
        mark = {"en": "DRAFT", "zh": "草稿"}[language]
        assert mark in pdf_text(forms[f"report.{language}.pdf"])
        assert mark in forms[f"report.{language}.html"].decode()
        assert ReportDocument.model_validate_json(forms[f"report.{language}.json"]).status == "draft"

    def test_the_mark_goes_with_the_signature(self, make_content, results, signature):
        forms = render_case(make_content(signature), results)
        assert "DRAFT" not in pdf_text(forms["report.en.pdf"])
        assert 'class="watermark"' not in forms["report.en.html"].decode()
        assert forms["report.en.png"] != render_case(make_content(), results, forms={"png"})["report.en.png"]


class TestHtml:
    def test_names_reviews_failures_and_gaps(self, make_content, results, signature):
        page = render_case(make_content(signature), results, forms={"html"})["report.en.html"].decode()
        for words in (
            "confirmed",
            "Comment: seen twice",
            "not reviewed",
            "The clinician on this image: dismissed.",
            "<b>broken.png: The file is incomplete.</b>",
            "Views that are not in this case: RCC, RMLO and LMLO.",
            "1. LCC",
            "Version 2",
        ):
            assert words in page, words
        assert "script" not in page

    def test_view_and_side_as_put_right_since(self, make_content, results):
        document = ReportDocument.model_validate_json(
            render_case(make_content(), results, forms={"json"})["report.en.json"]
        )
        assert ("View", "CC (from above)") in [(fact.label, fact.value) for fact in document.images[0].examined]


def test_a_case_in_which_all_failed(make_content):
    content = make_content()
    content = content.model_copy(
        update={
            "images": content.images[2:],
            "conclusion": Conclusion(assessment=None, probability_malignant=None),
        }
    )
    assert "No image of this case could be assessed." in pdf_text(render_case(content, [])["report.en.pdf"])


def test_chinese_file_names_stand_in_the_picture(make_histology):
    def header(name: str):
        result, files = make_histology(file_name=name)
        return decode_rgb(render(result, files, analysed_at=AT, forms={"png"})["report.en.png"])[:100].astype(int)

    chinese, other = header("乳腺.png"), header("组织.png")
    assert np.abs(chinese - other).sum() > 1000
    unknown, other = header("\U0010fffe.png"), header("\U0010fffd.png")
    assert np.abs(unknown - other).sum() > 1000, "what no font has is written as its code"


def test_a_corrected_side_is_that_of_the_pictures(make_content, results):
    """A right breast that was uploaded as a left one, and mirrored for that, hangs as it is stored."""
    content, (result, _) = make_content(), results[0]
    turned = result.image.model_copy(update={"laterality": "L", "view": "CC", "hanging": Hanging(mirrored=True)})
    notices = [make_notice("hung_by_chest_wall", side="L")]
    analysed = result.model_copy(update={"image": turned, "notices": notices, "chest_wall": "right"})
    film = content.images[0]
    right = film.model_copy(update={"image": film.image.model_copy(update={"laterality": "R"})})
    document = case_document(content.model_copy(update={"images": [right]}), [analysed], Words("en"))
    [drawn] = document.results
    assert (document.images[0].side, drawn.image.laterality, drawn.image.hanging) == ("R", "R", None)


def test_what_of_films_has_to_be_checked_stands_with_the_reasons(make_content, mammogram):
    """Films of which the same is said stand together; it stood in the details on the last page alone."""
    content = make_content()
    first = content.images[0]
    other = first.model_copy(
        update={"job_id": "1", "image_id": "1", "image": first.image.model_copy(update={"view": "MLO"}), "reviews": []}
    )
    doubted = mammogram[0].model_copy(update={"notices": [make_notice("laterality_conflict", side="L")]})
    content = content.model_copy(update={"images": [first, other]})
    reasons = case_document(content, [doubted, doubted], Words("en")).reasons
    said = [reason for reason in reasons if "names both sides" in reason]
    assert said == [
        "LCC and LMLO: The file names both sides. The side of the image itself (left) is used; please check it."
    ]
