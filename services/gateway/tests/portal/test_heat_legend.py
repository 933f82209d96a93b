"""What the colours of a heat map stand for, and whether it is to be believed."""

import re

import numpy as np
import pytest
from film_pane import marks, placed, show_only
from playwright.sync_api import expect
from viewer_tools import HEIGHT, WIDTH

from lobule.contracts.tissue import Tissue, TissueRegion
from lobule.words import make_notice

pytestmark = pytest.mark.browser


def test_the_legend_is_that_of_the_active_image(logged_in, study, picture):
    heat = np.full((8, 8), 200, np.uint8)
    study.add(picture(1), modality="histopathology", heat=heat, name="evidence.png")
    study.add(picture(2), modality="histopathology", heat=heat, heat_kind="tumour", name="tumour.png")
    study.add(picture(3), modality="histopathology", name="none.png")
    page = logged_in(study.url)
    ramp = page.locator(".legend .ramp:visible")
    for name, said in (
        ("tumour.png", ["Probability of invasive carcinoma", "0%", "100%"]),
        ("evidence.png", ["Influence on the result", "weak", "strong"]),
    ):
        page.locator(".of-image").get_by_text(name).click()
        expect(ramp).to_have_count(1)
        expect(ramp.locator("span:not(.colours), small")).to_have_text([said[0], *said[1:]])
    page.locator(".of-image").get_by_text("none.png").click()
    expect(ramp).to_have_count(0)


def test_the_legend_has_the_colours_that_the_map_has_over_tissue(logged_in, study, picture):
    """A weak place is clear, so that the legend begins with the tissue, and what is strong is mixed as opacity says."""
    study.add(picture(1), modality="histopathology", heat=np.full((8, 8), 200, np.uint8), heat_kind="tumour")
    page = logged_in(study.url)
    colours = page.locator(".ramp:visible .colours")
    expect(colours).to_have_css("background-image", re.compile(r"rgb\(232, 205, 224\).*rgba\(232, 205, 224, 0\.55\)"))
    page.locator('[data-role="opacity"]').fill("80")
    expect(colours).to_have_css("background-image", re.compile(r"rgba\(232, 205, 224, 0\.2\)"))


def test_the_likeliest_squares_are_drawn_with_the_map(logged_in, study, picture):
    region = TissueRegion(x=100, y=200, width=300, height=300, probability_tumour=0.914)
    tissue = Tissue(
        model="tissue-lite0 1.0.0",
        um_per_pixel=0.5,
        scale_source="given",
        probability_tumour=0.914,
        tumour_share=0.3,
        marked_from=0.25,
        unlike_training=0.5,
        regions=[region],
    )
    nothing = np.zeros((HEIGHT // 2, WIDTH // 2), np.uint8)
    study.add(picture(5), modality="histopathology", heat=nothing, heat_kind="tumour", tissue=tissue)
    page = logged_in(study.url)
    pane = page.locator(".pane:visible")
    expect(pane).to_have_attribute("data-scale", re.compile("."))
    show_only(page, "boxes", "outlines", "tags")
    assert not marks(page, pane).any(), "they belong to the map"
    show_only(page, "heat")
    expect(pane).to_have_attribute("data-heat", "")
    rows, columns = np.nonzero(marks(page, pane))
    scale, x, y = placed(pane)
    wanted = [region.x * scale + x, region.y * scale + y]
    wanted += [(region.x + region.width) * scale + x, (region.y + region.height) * scale + y]
    seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert np.abs(np.array(seen) - wanted).max() <= 3, "the line is 4 pixels wide"


def test_the_map_of_tissue_unlike_the_training_is_doubted_while_it_is_shown(logged_in, study, picture):
    heat, doubted = np.full((8, 8), 200, np.uint8), [make_notice("unlike_training")]
    study.add(picture(4), modality="histopathology", heat=heat, heat_kind="tumour", notices=doubted)
    page = logged_in(study.url)
    chips, box = page.locator('.pane:visible [data-role="chips"]'), page.locator('[data-shown="heat"]')
    expect(page.locator(".legend .ramp:visible")).to_have_count(1)
    expect(chips).to_be_empty()
    box.check()
    expect(chips).to_have_text("Map in doubt: tissue unlike the training tissue")
    box.uncheck()
    expect(chips).to_be_empty()
