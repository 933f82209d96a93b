"""Rows of films as a whole: what is said of a verdict covers nothing else."""

import pytest
from playwright.sync_api import expect

from lobule.words import make_notice

pytestmark = pytest.mark.browser

PARTS = [".status", ".comment summary", '[data-role="notices"]', '[data-role="percent"]', ".go b"]
MEET = """(row, names) => {
    const box = (name) => row.querySelector(name).getBoundingClientRect();
    const beside = (one, other) => one.right <= other.left || one.bottom <= other.top;
    const pairs = names.flatMap((one, at) => names.slice(at + 1).map((other) => [one, other]));
    return pairs.filter(([one, other]) => !beside(box(one), box(other)) && !beside(box(other), box(one)));
}"""


def test_a_verdict_that_is_not_saved_covers_no_other_words(study, picture, masses, logged_in):
    study.add(picture(4), masses, laterality="R", view="CC", notices=[make_notice("few_pixels")])
    page = logged_in(study.url, viewport={"width": 1280, "height": 800})
    page.locator('[data-role="films"] > summary').click()
    row = page.locator('[data-role="film-list"] > li')
    page.context.set_offline(True)
    row.locator('[data-role="dismissed"]').click()
    expect(row.locator(".status")).to_have_text("Not saved")
    assert row.evaluate(MEET, PARTS) == []
