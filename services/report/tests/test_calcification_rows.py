"""Calcifications in a report: their names, and the shape by which their marks are told from masses."""

import shutil
import subprocess

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw
from rendered_reports import render

from lobule.contracts.examination import (
    BreastReading,
    ExaminationReading,
    Lesion,
    LesionMark,
    LesionPlace,
    PlacedFinding,
)
from lobule.contracts.result import Box, Finding
from lobule.places import places_of_findings
from lobule.words import Words
from report.composition import image_report
from report.lesions import lesion_entries
from report.overlay import Mark, draw_findings
from report.palette import FINDINGS
from report.section import build_section
from report.typeface import write
from report.typesetting import typeset

ENGLISH = Words("en")


@pytest.fixture
def with_cluster(mammogram):
    """The film with its two masses, the second of which is a cluster of calcifications."""
    result, files = mammogram
    mass, other = result.findings
    found = [mass, other.model_copy(update={"label": "calcification"})]
    return result.model_copy(update={"findings": found}), files


def test_a_cluster_is_not_called_a_mass(mammogram, with_cluster, analysed_at):
    section = build_section(with_cluster[0], analysed_at, ENGLISH)
    mass, cluster = section.findings
    assert (mass.kind_name, mass.presence_name) == ("If it is a mass", "Probability of a mass")
    assert cluster.kind == "calcifications (experimental)"
    assert (cluster.kind_name, cluster.presence_name) == ("Kind", "Probability that it is there")
    assert (section.kind_name, section.presence_name) == ("Kind", "Probability that it is there")
    masses = build_section(mammogram[0], analysed_at, ENGLISH)
    assert (masses.kind_name, masses.presence_name) == ("If it is a mass", "Probability of a mass")


def test_a_cluster_has_another_shape_than_a_mass_on_pictures():
    """Colours tell how suspicious a finding is, whatever its kind."""
    box = {"box": Box(x=40, y=60, width=80, height=40), "probability": 0.9}
    ground = np.full((200, 200, 3), 90, np.uint8)
    mass, cluster = (
        draw_findings(ground, [Finding(label=label, **box)], [Mark(FINDINGS["not_sure"], "1")], (1, 1))
        for label in ("malignant", "calcification")
    )
    drawn = [np.any(picture != ground, axis=2) for picture in (mass, cluster)]
    assert [picture[98, 118] for picture in drawn] == [True, False], "the lower right corner"
    assert [picture[99, 80] for picture in drawn] == [True, True], "the middle of the lower side"
    tags = [np.flatnonzero(picture[45]) for picture in drawn]
    assert np.ptp(tags[1]) > np.ptp(tags[0]) + 5, "the sign beside the number"


def test_the_sign_of_clusters_is_explained_only_beside_them(mammogram, with_cluster, analysed_at):
    told = [render(*each, analysed_at=analysed_at, forms=["html", "pdf"]) for each in (mammogram, with_cluster)]
    pages = [files["report.en.html"].decode() for files in told]
    assert [ENGLISH("pictures.calcifications") in page for page in pages] == [False, True]
    assert [page.count('cy="9" r="2.5"') for page in pages] == [0, 2]


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
@pytest.mark.parametrize("template", ["sheet", "image"])
def test_pages_and_pictures_explain_the_sign_as_well(template, mammogram, with_cluster, analysed_at, tmp_path):
    def words(result, files):
        [pdf] = typeset(image_report(result, files, analysed_at, "en"), template, format="pdf")
        (tmp_path / "a.pdf").write_bytes(pdf)
        said = subprocess.run(["pdftotext", tmp_path / "a.pdf", "-"], capture_output=True, text=True, check=True).stdout
        return " ".join(said.split())

    assert ["and a box without corners" in words(*each) for each in (mammogram, with_cluster)] == [False, True]


def test_signs_that_only_one_font_has_are_drawn_in_it():
    """A sign such as ∴ was kept, because the Chinese font has it, and drawn as an empty box in the other."""
    image = Image.new("L", (40, 40))
    write(ImageDraw.Draw(image), (4, 20), "∴", 30, "Semibold", 255)
    assert len(np.unique(cv2.connectedComponents((np.asarray(image) > 128).astype(np.uint8))[1])) == 4, "three dots"


def test_the_place_of_a_cluster_is_told_as_that_of_a_mass(with_cluster, analysed_at):
    """It was told in pixels from the corner of the film."""
    result = with_cluster[0]
    image = result.image.model_copy(update={"laterality": "L", "view": "CC", "spacing_plane": "patient"})
    result = result.model_copy(update={"image": image})
    place = {"along": None, "clock": None, "depth": "middle", "retroareolar": False}
    mass, cluster = (
        LesionMark(job_id="a", finding_id=finding.id, view="CC", from_nipple_mm=mm)
        for finding, mm in zip(result.findings, (31.2, 44.6), strict=True)
    )
    breast = BreastReading(
        laterality="L",
        views=["CC"],
        assessment="not_sure",
        probability_malignant=0.5,
        bi_rads=0,
        lesions=[
            Lesion(
                marks=[mass],
                probability_malignant=0.5,
                same_lesion=None,
                place=LesionPlace(across="inner", **place),
            )
        ],
        calcifications=[PlacedFinding(mark=cluster, place=LesionPlace(across="outer", **place))],
    )
    reading = ExaminationReading(method="rule", breasts=[breast], assessment="not_sure", probability_malignant=0.5)
    section = build_section(result, analysed_at, ENGLISH, places=places_of_findings(reading, "a"))
    told = [entry.place for entry in lesion_entries([section], [result], None, ENGLISH)]
    assert told == [
        "Left breast: inner and middle third; 31 mm from the nipple",
        "Left breast: outer and middle third; 45 mm from the nipple",
    ]


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "zh"])
def test_all_columns_of_the_findings_are_on_paper(with_cluster, analysed_at, chromium, language):
    """The last ones, size and place, were cut off where the sheet ends: paper does not scroll."""
    page = chromium.new_page(viewport={"width": 688, "height": 1000})  # of A4, without its margins
    files = render(*with_cluster, analysed_at=analysed_at, language=language, forms=["html"])
    page.set_content(files[f"report.{language}.html"].decode())
    page.emulate_media(media="print")
    assert page.evaluate("document.querySelector('.findings table').getBoundingClientRect().right") <= 688
    page.close()
