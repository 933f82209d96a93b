"""Pages on paper: white, without what only a screen can use, and with all that is told."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

A4 = {"width": 794, "height": 1123}


def test_a_case_on_paper_is_dark_on_white_without_tools(study, picture, masses, logged_in):
    study.add(picture(4), masses, laterality="R", view="CC")
    page = logged_in(study.url, viewport=A4)
    page.locator("li.finding").first.wait_for()
    page.emulate_media(media="print", color_scheme="dark")
    row = page.locator("li.finding").first
    expect(row.locator('[data-role="short"]')).to_be_visible()
    expect(row.locator('[data-role="percent"]')).to_be_visible()
    ink = row.locator('[data-role="short"]').evaluate("node => getComputedStyle(node).color")
    assert max(map(int, ink.removeprefix("rgb(").removesuffix(")").split(", "))) < 120
    for told in (".panes", ".panel", ".panel label"):  # marks, verdicts and what is stated, which have grounds
        assert page.locator(told).first.evaluate("node => getComputedStyle(node).printColorAdjust") == "exact"
    for useless in (".rail", ".toolbar", ".strip", '[data-role="sign"]', ".overlays", "#threshold", ".slider"):
        assert page.locator(useless).locator("visible=true").count() == 0, useless


def test_the_worklist_on_paper_has_its_rows_alone(study, picture, masses, logged_in):
    study.add(picture(4), masses, laterality="R", view="CC")
    page = logged_in("/", viewport=A4)
    page.emulate_media(media="print")
    expect(page.locator("tbody .case").first).to_be_visible()
    assert page.locator("#filters, tbody button").locator("visible=true").count() == 0
