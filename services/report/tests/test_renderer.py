import re
from datetime import datetime
from html.parser import HTMLParser

import numpy as np
import pytest
from rendered_reports import render

from lobule import RESEARCH_USE_ONLY
from lobule.contracts.case import Review
from lobule.contracts.result import Notice, Thresholds
from lobule.errors import AnalysisError
from lobule.imaging.decode import decode_rgb, encode_png
from lobule.words import Words, make_notice
from report.document import ReportDocument
from report.palette import STATES
from report.pictures import draw_pictures
from report.section import build_section
from report.typeface import writable

STATES_BY_PROBABILITY = {0.03: "No sign of malignancy", 0.4: "Not sure", 0.87: "Malignancy suspected"}


class Page(HTMLParser):
    """Elements and words of an HTML file; fails on tags that do not match."""

    VOID = frozenset({"meta", "link", "img", "br", "hr", "input"})

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(data.decode("utf-8"))
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.mark.parametrize(("probability", "conclusion"), STATES_BY_PROBABILITY.items())
class TestEveryAssessment:
    def test_the_page_opens_with_the_conclusion(self, make_histology, analysed_at, probability, conclusion):
        result, files = make_histology(probability)
        page = Page(render(result, files, analysed_at=analysed_at)["report.en.html"])
        body = page.text.split("Histopathology image analysis", 2)[-1]
        assert body.strip().startswith(conclusion)
        assert body.index(conclusion) < body.index("Suggested next step") < body.index("How certain is this?")
        assert f"{probability * 100:.0f}%" in body
        assert RESEARCH_USE_ONLY in body

    def test_the_picture_carries_the_colour_of_the_state(self, make_histology, analysed_at, probability, conclusion):
        result, files = make_histology(probability)
        sheet = decode_rgb(render(result, files, analysed_at=analysed_at)["report.en.png"])
        assert tuple(sheet[10, 2]) == STATES[result.assessment]

    def test_every_mammography_state_has_words(self, mammogram, analysed_at, probability, conclusion):
        result, files = mammogram
        assessed = result.thresholds.assess(probability)
        result = result.model_copy(
            update={"probability_malignant": probability, "assessment": assessed, "findings": []}
        )
        text = Page(render(result, files, analysed_at=analysed_at)["report.en.html"]).text
        assert conclusion in text
        assert "No single lesion was marked in this film." in text
        assert "radiologist" in text or "hidden in dense tissue" in text


def test_a_picture_says_why_the_system_is_not_sure_of_a_high_number(make_histology, analysed_at):
    """A number within the suspected part of the scale beside `Not sure` is not told without the notice about it."""

    def shows_notices(*notices: Notice) -> bool:
        result, files = make_histology(0.96, assessment="not_sure", notices=list(notices))
        sheet = decode_rgb(render(result, files, analysed_at=analysed_at, forms={"png"})["report.en.png"])
        return bool((sheet == (253, 248, 232)).all(axis=2).any())

    assert shows_notices(make_notice("unlike_training"))
    assert not shows_notices()


def test_a_number_that_does_not_decide_is_not_put_into_words(make_histology, analysed_at):
    doubted, files = make_histology(0.96, assessment="not_sure", notices=[make_notice("tissue_doubted")])
    sure, _ = make_histology(0.96)
    pages = [Page(render(result, files, analysed_at=analysed_at)["report.en.html"]).text for result in (doubted, sure)]
    for words in ("Malignancy is very likely.", "if 100 images like those"):
        assert [words in page for page in pages] == [False, True]
    assert "The number does not decide here" in pages[0]


class TestHtml:
    def test_says_what_was_looked_at_and_by_whom(self, make_histology, analysed_at):
        result, files = make_histology()
        text = Page(render(result, files, analysed_at=analysed_at)["report.en.html"]).text
        for words in (
            "field.png",
            "360 x 240 pixels",
            "100X (not given with the image; assumed)",
            "8 patches of 224 x 224 pixels",
            "histo-test, version 1.2.3",
            "32 patients",
            "25% to below 60%",
            "4 Mar 2026, 05:06 UTC",
            "No magnification was given.",
            "spoke for malignancy",
            "only what is shown here was seen",
        ):
            assert words in text

    def test_a_given_magnification_is_said_to_be_given(self, make_histology, analysed_at):
        result, files = make_histology()
        image = result.image.model_copy(update={"magnification": "100X"})
        page = Page(
            render(result.model_copy(update={"image": image}), files, analysed_at=analysed_at)["report.en.html"]
        )
        assert "100X (given with the image)" in page.text

    def test_loads_nothing_and_runs_nothing(self, make_histology, analysed_at):
        result, files = make_histology()
        page = Page(render(result, files, analysed_at=analysed_at)["report.en.html"])
        assert page.all("script") == page.all("link") == page.all("iframe") == []
        assert len(page.all("img")) == 2
        assert all(
            (image["src"] or "").startswith("data:image/jpeg;base64,") and image["alt"] for image in page.all("img")
        )
        assert not [
            name for _, attributes in page.elements for name in attributes if name == "style" or name[:2] == "on"
        ]

    def test_a_hostile_file_name_stays_text(self, make_histology, analysed_at):
        name = '<script>alert(1)</script>"><img src=x onerror=alert(2)>.png'
        result, files = make_histology(file_name=name)
        page = Page(render(result, files, analysed_at=analysed_at)["report.en.html"])
        assert page.all("script") == []
        assert len(page.all("img")) == 2
        assert name in page.text

    def test_mammography_lists_findings_with_sizes(self, mammogram, analysed_at):
        result, files = mammogram
        text = Page(render(result, files, analysed_at=analysed_at)["report.en.html"]).text
        assert "1 80% more likely malignant than benign 83% 16 x 18 mm" in text
        assert "2 6% more likely benign than malignant 41% 10 x 8 mm" in text
        assert "720 x 480 pixels (72 x 48 mm)" in text
        assert "MLO (oblique)" in text
        assert "does not say how large a pixel is" not in text

    def test_without_spacing_sizes_are_pixels_and_that_is_said(self, mammogram, analysed_at):
        result, files = mammogram
        image = result.image.model_copy(update={"pixel_spacing_mm": None})
        result = result.model_copy(update={"image": image})
        text = Page(render(result, files, analysed_at=analysed_at)["report.en.html"]).text
        assert "161 x 181 pixels" in text
        assert "does not say how large a pixel is" in text


class TestJson:
    def test_holds_the_result_unchanged(self, mammogram, analysed_at):
        result, files = mammogram
        document = ReportDocument.model_validate_json(render(result, files, analysed_at=analysed_at)["report.en.json"])
        assert document.results == (result,)


class TestRefusals:
    @pytest.mark.parametrize("name", ["display.png", "heat.png"])
    @pytest.mark.parametrize(
        ("damage", "words"),
        [
            (lambda files, name: files.pop(name), "missing"),
            (lambda files, name: files.update({name: b"\x89PNG no"}), "damaged"),
            (lambda files, name: files.update({name: b""}), "damaged"),
            (lambda files, name: files.update({name: encode_png(np.zeros((9, 9), np.uint8))}), "9 x 9"),
        ],
    )
    def test_a_picture_that_is_not_what_the_result_says(self, make_histology, analysed_at, name, damage, words):
        result, files = make_histology()
        damage(files, name)
        with pytest.raises(AnalysisError, match=words) as caught:
            render(result, files, analysed_at=analysed_at)
        assert caught.value.code == "result_unreadable"
        assert name in caught.value.detail

    def test_a_time_without_a_zone(self, make_histology):
        result, files = make_histology()
        with pytest.raises(ValueError, match="time zone"):
            render(result, files, analysed_at=datetime(2026, 1, 1))

    def test_a_file_name_that_the_font_lacks_is_left_out_of_the_picture_only(self, make_histology, analysed_at):
        chinese, files = make_histology(file_name="乳腺.png")
        plain, _ = make_histology(file_name="field.png")
        forms, other = (render(result, files, analysed_at=analysed_at) for result in (chinese, plain))
        assert forms["report.en.png"] != other["report.en.png"]
        assert "乳腺.png" in forms["report.en.html"].decode()


class TestWeakFindings:
    def test_stand_back_and_are_counted(self, mammogram, analysed_at):
        result, files = mammogram
        weak = result.model_copy(update={"thresholds": Thresholds(low=0.25, high=0.6, finding=0.5)})
        section = build_section(weak, analysed_at, Words("en"))
        assert [row.number for row in section.findings] == [1]
        assert "Weaker marks" in section.weak
        assert section.weak_count == 1
        all_marked, some = (draw_pictures(r, build_section(r, analysed_at, Words("en")), files) for r in (result, weak))
        assert (len(all_marked.cutouts), len(some.cutouts)) == (2, 1)
        assert (all_marked.annotated != some.annotated).any()

    def test_stand_back_wherever_they_stand_in_the_result(self, mammogram, analysed_at):
        result, _ = mammogram
        thresholds = Thresholds(low=0.25, high=0.6, finding=0.5)
        weak = result.model_copy(update={"thresholds": thresholds, "findings": result.findings[::-1]})
        section = build_section(weak, analysed_at, Words("en"))
        assert [row.number for row in section.findings] == [2]

    def test_one_that_the_clinician_confirmed_is_shown(self, mammogram, analysed_at):
        result, _ = mammogram
        weak = result.model_copy(update={"thresholds": Thresholds(low=0.25, high=0.6, finding=0.5)})
        reviews = [Review(job_id="j", finding="1", verdict="confirmed", reviewer="dr", reviewed_at=analysed_at)]
        section = build_section(weak, analysed_at, Words("en"), reviews=reviews)
        assert [row.number for row in section.findings] == [1, 2]
        assert not any("Weaker marks" in notice for notice in section.notices)


def test_separators_of_lines_and_paragraphs_are_line_breaks():
    """A comment that was pasted from a word processor may hold them; the shaping library fails on one."""
    assert writable("a\u2028b\u2029c\x0bd") == "a\nb\nc[U+000B]d"


def test_characters_that_the_typefaces_lack_are_named_by_their_code():
    assert writable("\u0e01\u0e33 \U0001112e №ﬁ中e\u0301") == "[U+0E01][U+0E33] [U+1112E] №ﬁ中e\u0301"


def test_a_dismissed_finding_leaves_no_trace_on_the_hung_film(mammogram, analysed_at):
    """Neither its outline nor the heat at its place; the appendix keeps both."""
    result, files = mammogram
    review = Review(job_id="j", finding="0", verdict="dismissed", reviewer="Dr Lee", reviewed_at=analysed_at)
    reviews = [
        review.model_copy(update={"finding": str(index), "finding_id": f"f{index + 1}"})
        for index in range(len(result.findings))
    ]
    section = build_section(result, analysed_at, Words("en"), reviews=reviews)
    pictures = draw_pictures(result, section, files)
    assert np.array_equal(pictures.hung, pictures.original)
    assert not np.array_equal(pictures.annotated, pictures.original)
