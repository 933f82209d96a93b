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
from rendered_reports import render, render_case

from lobule.contracts.case import (
    CaseImage,
    Conclusion,
    Reason,
)
from lobule.contracts.result import Hanging
from lobule.imaging.decode import decode_rgb
from lobule.words import Words, make_notice
from report.document import ReportDocument, case_document

ADVICE = {"en": "should read this case with priority", "zh": "建议医师优先阅读本病例"}


SUSPECTED = {"en": "Malignancy suspected", "zh": "怀疑恶性"}


AT = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)


def pdf_text(data: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(data)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


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
    missing = content.conclusion.model_copy(update={"missing_views": ["RCC", "RMLO"]})  # LMLO was taken shortly before
    shortly = images[0].image.model_copy(update={"view": "MLO"})
    before = [images[1], images[0].model_copy(update={"image": shortly})]
    work_up = content.model_copy(update={"images": before, "conclusion": missing})
    words = [place.words for place in case_document(work_up, [mammogram[0]] * 2, Words("en")).places]
    assert words == ["Not in this case", "", "Not in this case", "In the examination of 2 Mar 2023"]
    named = "LCC · prior of 2 Mar 2023 and LCC 2 · prior of 2 Mar 2023"
    excluded = f"What films of earlier examinations show by themselves is no part of the conclusion: {named}."
    assert excluded in document.limits
    unread = Reason(code="earlier_suspected", values={"images": ["LCC"]})
    counted = content.conclusion.model_copy(update={"reasons": [unread]})
    counted = case_document(content.model_copy(update={"conclusion": counted}), [mammogram[0]] * 4, Words("en"))
    assert excluded not in counted.limits, "a film that nobody has read counts"
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
            "<b><bdi>LCC</bdi></b>",
            "Version 2",
        ):
            assert words in page, words
        assert "1. LCC" not in page, "films have no numbers beside those of findings"
        assert "script" not in page

    def test_says_where_the_readers_differ(self, make_content, results, signature):
        content = make_content(signature)
        for review in content.images[0].reviews:
            review.verdict, review.readers_differ = None, True
        page = render_case(content, results, forms={"html"})["report.en.html"].decode()
        assert "not reviewed" in page, "of other findings"
        assert "</b> · the readers differ; not settled</p>" in page
        assert "The clinician on this image: the readers differ; not settled." in page

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
    assert "The system has not concluded on this case." in pdf_text(render_case(content, [])["report.en.pdf"])


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
