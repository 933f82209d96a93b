"""No text of a report stands over other text: measured on the boxes of its words, for the picture and every page.

The picture of a report is what its first page, or a sheet, would be as PDF, because Typst lays out both alike.
"""

import itertools
import re
import shutil
import subprocess
from dataclasses import dataclass

import numpy as np
import pytest

from lobule.contracts.case import Review
from lobule.contracts.findings import finding_id
from lobule.contracts.language import LANGUAGES
from lobule.contracts.result import Box, Finding
from lobule.words import make_notice
from report.composition import case_report, image_report
from report.overlay import Mark, draw_findings
from report.palette import FINDINGS
from report.tags import Place, TagPlaces, leader
from report.typesetting import typeset

LONG_NAME = "Überweisung-Frau-Müller-Lüdenscheidt-2026-03-04-Mammographie-rechts-kraniokaudal-Wiederholung.dcm"
LONG_CHINESE = "上海市浦东新区人民医院乳腺外科二零二六年三月四日右侧乳腺头尾位复查影像张伟.dcm"
NOTICES = (
    make_notice("scale_unknown"),
    make_notice("unlike_training"),
    make_notice("scale_too_coarse", um="4"),
    make_notice("tumour_map_disagrees", percent="91%"),
)
WORD = re.compile(r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</word>')
PAGE = re.compile(r'<page width="([\d.]+)" height="([\d.]+)">(.*?)</page>', re.DOTALL)
WATERMARK = 60  # points: larger words lie behind the page
CLOSING_MARKS = "），。；：、》"
"""The right half of these full-width marks is blank, and Typst sets the next mark there."""


@dataclass(frozen=True)
class Word:
    """A word on a page, in points, without a tenth of its height above and below."""

    left: float
    top: float
    right: float
    bottom: float
    text: str


def pages_of(pdf: bytes) -> list[tuple[float, float, list[Word]]]:
    """Width, height and words of each page."""
    if shutil.which("pdftotext") is None:
        pytest.skip("poppler is not installed: it says where words stand")
    said = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    pages = []
    for width, height, content in PAGE.findall(said):
        words = []
        for *edges, text in WORD.findall(content):
            left, top, right, bottom = map(float, edges)
            if bottom - top < WATERMARK:
                tall = bottom - top
                right -= 0.45 * tall if text.endswith(tuple(CLOSING_MARKS)) else 0
                words.append(Word(left, top + 0.1 * tall, right, bottom - 0.1 * tall, text))
        pages.append((float(width), float(height), words))
    return pages


def over_each_other(words: list[Word]) -> list[tuple[str, str]]:
    """The pairs of words of which one stands over the other; a page has 80 000 pairs on average."""
    left, top, right, bottom = np.array([(w.left, w.top, w.right, w.bottom) for w in words]).T
    across = np.minimum.outer(right, right) - np.maximum.outer(left, left)
    down = np.minimum.outer(bottom, bottom) - np.maximum.outer(top, top)
    over = np.triu((across > 0.5) & (down > 0.5), k=1)
    return [(words[one].text, words[other].text) for one, other in np.argwhere(over)]


def check(pdf: bytes) -> None:
    pages = pages_of(pdf)
    assert pages
    for width, height, words in pages:
        assert len(words) > 5
        assert over_each_other(words) == []
        beyond = [w.text for w in words if w.left < 0 or w.top < 0 or w.right > width + 1 or w.bottom > height + 1]
        assert beyond == []


@pytest.fixture
def crowded(mammogram):
    """A film with twenty findings, most of them side by side, and notices."""
    result, files = mammogram
    found = [
        Finding(
            id=finding_id(place),
            label="mass",
            probability=0.9 - place / 100,
            probability_malignant=0.7 - place / 40,
            box=Box(x=100 + 13 * (place % 5), y=200 + 11 * (place // 5), width=40, height=30),
        )
        for place in range(20)
    ]
    notices = [make_notice("hung_by_chest_wall", side="L"), make_notice("polarity_doubted"), *NOTICES[:2]]
    return result.model_copy(update={"findings": found, "notices": notices}), files


@pytest.mark.parametrize("language", LANGUAGES)
class TestImage:
    """The report of one image: as a sheet, which is the picture, and as pages."""

    @pytest.mark.parametrize("name", ["field.png", LONG_NAME, LONG_CHINESE])
    @pytest.mark.parametrize("notices", [(), NOTICES[:1], NOTICES])
    def test_of_a_field(self, make_histology, analysed_at, language, name, notices):
        result, files = make_histology(file_name=name, notices=list(notices))
        report = image_report(type(result).model_validate_json(result.model_dump_json()), files, analysed_at, language)
        for template in ("sheet", "image"):
            [pdf] = typeset(report, template, format="pdf")
            check(pdf)

    def test_of_a_film_with_many_findings(self, crowded, analysed_at, language):
        for template in ("sheet", "image"):
            [pdf] = typeset(image_report(*crowded, analysed_at, language), template, format="pdf")
            check(pdf)


@pytest.mark.parametrize("language", LANGUAGES)
class TestCase:
    """The report of a case, whose picture is its first page."""

    @pytest.mark.parametrize("name", ["RCC.dcm", LONG_NAME, LONG_CHINESE])
    @pytest.mark.parametrize("is_signed", [False, True])
    def test_of_four_films_and_a_field(
        self, make_content, crowded, make_histology, signature, language, name, is_signed
    ):
        result, files = crowded
        content = make_content(signature if is_signed else None)
        images, results = [], []
        for number, (side, view) in enumerate([("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "XCCL"), (None, None)]):
            film = result.image.model_copy(update={"view": view, "laterality": side, "file_name": name})
            results.append((result.model_copy(update={"image": film}), files))
            reviews = [
                Review(
                    job_id=str(number),
                    finding=str(place),
                    verdict="confirmed" if place % 2 else "dismissed",
                    comment="Spiculated, new since 2024. " * place,
                    reviewer=signature.signed_by,
                    reviewed_at=signature.signed_at,
                )
                for place in range(4)
            ]
            images.append(
                content.images[0].model_copy(update={"job_id": str(number), "image": film, "reviews": reviews})
            )
        field, pictures = make_histology(file_name=name, notices=list(NOTICES))
        results.append((type(field).model_validate_json(field.model_dump_json()), pictures))
        images.append(content.images[1].model_copy(update={"job_id": "9", "image": field.image}))
        content = content.model_copy(update={"images": images, "pseudonym": name})
        [pdf] = typeset(case_report(content, results, language), "case", format="pdf")
        check(pdf)


def test_text_over_text_is_noticed():
    one = Word(10, 10, 50, 20, "one")
    assert over_each_other([one, Word(40, 15, 80, 25, "other")]) == [("one", "other")]
    assert over_each_other([one, Word(51, 10, 80, 20, "beside")]) == []
    assert over_each_other([one, Word(10, 21, 50, 31, "below")]) == []


class TestTags:
    """The tags of findings are drawn into the pictures."""

    @pytest.mark.parametrize("size", [(40, 20), (90, 20)])
    def test_none_covers_another(self, size):
        places = TagPlaces(600, 400)
        rng = np.random.default_rng(0)
        for _ in range(8):
            left, top = rng.integers(250, 290), rng.integers(180, 210)
            tag = places.take(Place(int(left), int(top), int(left) + 30, int(top) + 30), *size)
            assert tag.left >= 0
            assert tag.top >= 0
            assert tag.right < 600
            assert tag.bottom < 400
        assert not any(one.shared_with(other) for one, other in itertools.combinations(places.taken, 2))

    def test_one_alone_stands_above_its_finding_or_below_at_the_upper_edge(self):
        assert TagPlaces(200, 200).take(Place(50, 60, 90, 90), 40, 20) == Place(50, 38, 90, 58)
        assert TagPlaces(200, 200).take(Place(50, 5, 90, 30), 40, 20) == Place(50, 33, 90, 53)

    def test_a_line_leads_from_a_tag_that_stands_away(self):
        finding = Place(100, 100, 140, 140)
        assert leader(finding, Place(100, 78, 140, 98)) is None
        assert leader(finding, Place(100, 40, 140, 60)) == (120, 60, 120, 100)
        assert leader(finding, Place(200, 200, 240, 220)) == (200, 200, 140, 140)

    def test_each_is_drawn_in_its_colour(self):
        boxes = [Box(x=60, y=60, width=20, height=20), Box(x=64, y=62, width=20, height=20)]
        found = [Finding(label="mass", probability=0.5, box=box) for box in boxes]
        states = ("malignancy_suspected", "no_sign_of_malignancy")
        marks = [Mark(FINDINGS[state], "12  99.9%") for state in states]
        drawn = draw_findings(np.zeros((200, 300, 3), np.uint8), found, marks, (1.0, 1.0))
        grounds = [np.count_nonzero(np.all(drawn == FINDINGS[state], axis=2)) for state in states]
        assert min(grounds) > 600, "neither tag hides the other"
