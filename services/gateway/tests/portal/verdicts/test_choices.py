"""Clicks on the rows of findings, and keys after a click on a choice."""

import pytest
from playwright.sync_api import expect
from verdict_page import press, said, target

pytestmark = pytest.mark.browser


def test_a_click_anywhere_on_a_row_chooses_its_finding(opened, study, lesion, picture):
    """Only its first line did."""
    study.add(picture(40), [lesion, lesion], laterality="R", view="CC")
    page = opened(2)
    first, second = page.locator(".finding").all()
    second.locator(".at").click()
    expect(target(page)).to_have_text("Chosen: RCC, finding 2")
    first.locator(".strength").click()
    expect(target(page)).to_have_text("Chosen: RCC, finding 1")
    second.locator(".comment summary").click()
    expect(second.locator("textarea")).to_be_visible()
    expect(target(page)).to_have_text("Chosen: RCC, finding 1")


def test_keys_go_on_after_a_click_on_a_category(opened, study, lesion, picture):
    """All were taken for text, as in a text field."""
    for number, view in enumerate(("CC", "MLO")):
        study.add(picture(41 + number), [lesion], laterality="R", view=view)
    page = opened(2)
    category = page.locator('[name="bi_rads-R"][value="4"]')
    category.click()
    hanging = page.locator('[data-role="film-facts"]')
    expect(hanging).to_contain_text("Hanging 1 of")
    press(page, " ")
    expect(hanging).to_contain_text("Hanging 2 of")
    press(page, "n")
    expect(target(page)).to_have_text("Chosen: RCC, finding 1")
    expect(category).to_be_checked()


def test_keys_of_a_row_of_choices_stay_in_it(opened, study, lesion, picture):
    study.add(picture(43), [lesion], laterality="R", view="CC")
    page = opened(1)
    press(page, "n")
    page.locator('[name="bi_rads-R"][value="4"]').click()
    press(page, "c", "2")
    expect(page.locator('[name="bi_rads-R"][value="2"]')).to_be_checked()
    expect(target(page)).to_have_text("Chosen: RCC, finding 1")
    page.locator('[name="density-R"][value="a"]').click()
    press(page, "c")
    expect(page.locator('[name="density-R"][value="c"]')).to_be_checked()
    assert said(study) == []
