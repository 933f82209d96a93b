"""What the colours of a heat map stand for, and whether it is to be believed."""

import numpy as np
import pytest
from playwright.sync_api import expect

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
