"""What a report says of the tissue of a field."""

import numpy as np
import pytest

from lobule.contracts.language import LANGUAGES
from lobule.contracts.result import Box, HeatMap
from lobule.contracts.tissue import Tissue, TissueRegion
from lobule.imaging.decode import encode_png
from lobule.words import Words
from report.parts import HeatLegend
from report.pictures import draw_pictures
from report.section import build_section
from report.sizes import size_on

TISSUE = Tissue(
    model="tissue-lite0 1.0.0",
    um_per_pixel=0.2521,
    scale_source="file",
    probability_tumour=0.914,
    tumour_share=0.31,
    marked_from=0.39,
    unlike_training=0.66,
    regions=[TissueRegion(x=512, y=40, width=768, height=768, probability_tumour=0.914)],
)


@pytest.fixture
def field(make_histology):
    result, _ = make_histology(
        tissue=TISSUE, heat_map=HeatMap(kind="tumour", file="heat.png", method="how", meaning="what")
    )
    return result


@pytest.mark.parametrize("language", LANGUAGES)
def test_scale_carcinoma_likeness_and_regions_are_said(field, analysed_at, language):
    text = Words(language)
    section = build_section(field, analysed_at, text)
    said = {fact.label: fact.value for fact in section.examined}
    assert "0.2521 µm" in said[text("examined.scale")]
    assert all(number in said[text("examined.tumour")] for number in ("91%", "31%", "39%", "0.2"))
    assert "66%" in said[text("examined.unlike")]
    assert all(number in said[text("examined.regions")] for number in ("91%", "512", "40"))
    assert text("examined.fingerprint") == section.examined[-1].label
    assert TISSUE.model in [fact.value for fact in section.system]
    assert section.heat_map_legend == HeatLegend(title=text("heat_map.legend.tumour"), low="0%", high="100%")


def test_nothing_is_said_of_the_share_on_a_map_that_a_small_field_does_not_have(make_histology, analysed_at):
    result, _ = make_histology(tissue=TISSUE)
    section = build_section(result, analysed_at, Words("en"))
    assert {fact.label: fact.value for fact in section.examined}[
        "Invasive carcinoma"
    ] == "91% where it is likeliest (0.2 mm)"


def test_the_likeliest_squares_are_drawn_on_the_map(field, make_histology, heat, analysed_at):
    _, files = make_histology()
    region = TissueRegion(x=20, y=30, width=60, height=50, probability_tumour=0.914)
    section = build_section(field, analysed_at, Words("en"))
    pictures = [
        draw_pictures(field.model_copy(update={"tissue": tissue}), section, {**files, "heat.png": encode_png(heat)})
        for tissue in (TISSUE.model_copy(update={"regions": regions}) for regions in ([], [region]))
    ]
    without, drawn = (picture.annotated.astype(int) for picture in pictures)
    changed = np.abs(drawn - without).max(axis=2) > 0
    for line in (changed[78:83, 50], changed[55, 18:23], changed[55, 78:83]):
        assert line.any(), "below, on the left and on the right; the tag lies above"
    assert not changed[40:75, 30:70].any()
    assert not changed[90:].any()


def test_a_given_scale_is_said_of_a_field_too_small_to_read_its_tissue(make_histology, analysed_at):
    result, _ = make_histology()
    image = result.image.model_copy(update={"um_per_pixel": 0.1})
    section = build_section(result.model_copy(update={"image": image}), analysed_at, Words("en"))
    assert {"Scale": "0.1 µm per pixel (given with the image)"}.items() <= {
        fact.label: fact.value for fact in section.examined
    }.items()


def test_results_without_tissue_say_nothing_of_it(make_histology, analysed_at):
    text = Words("en")
    result, _ = make_histology()
    section = build_section(result, analysed_at, text)
    assert {text("examined.tumour"), text("examined.scale")}.isdisjoint(fact.label for fact in section.examined)
    assert section.heat_map_legend is not None
    assert section.heat_map_legend.title == text("heat_map.legend")


@pytest.mark.parametrize(
    ("source", "said"),
    [("file", "25 x 50 µm"), ("magnification", "≈ 25 x 50 µm"), ("estimated", "100 x 200 pixels")],
)
def test_a_box_on_a_field_is_measured_by_a_scale_that_is_no_guess(make_histology, source, said):
    result, _ = make_histology()
    tissue = TISSUE.model_copy(update={"scale_source": source})
    result = result.model_copy(update={"tissue": tissue})
    assert size_on(Box(x=0, y=0, width=100, height=200), result, Words("en")) == said
