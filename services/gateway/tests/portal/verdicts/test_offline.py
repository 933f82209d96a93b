"""Verdicts while the server cannot be reached, and messages of failed actions."""

import pytest
from playwright.sync_api import expect
from verdict_page import line, press, said

pytestmark = pytest.mark.browser

COVERED = """row => {
    const [status, place, size] = ['status', 'place', 'size'].map((name) => row.querySelector(`[data-role="${name}"]`));
    return ['', ...Array(60).keys()].filter((length) => {
        place.textContent = 'm'.repeat(length);
        const [one, other] = [status, size].map((part) => part.getBoundingClientRect());
        const beside = one.left >= other.right || one.top >= other.bottom || other.top >= one.bottom;
        return !one.width || !other.width || !beside;
    });
}"""
"""The lengths of a place with which the status covers a part of the size."""


def test_they_are_sent_once_it_can_be_reached(opened, study, masses, picture):
    study.add(picture(47), masses, laterality="R", view="CC")
    page = opened(2, viewport={"width": 1280, "height": 800})
    row = page.locator(".finding").nth(0)
    press(page, "n")
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    press(page, "c", "n", "x")
    for each in (row, page.locator(".finding").nth(1)):
        expect(each.get_by_text("Not saved", exact=True)).to_be_visible()
    assert row.evaluate(COVERED) == []
    expect(line(page)).to_contain_text("not saved. Lobule cannot be reached. It is sent once the connection is back")
    asked = []
    page.on("dialog", lambda dialog: asked.append(dialog.type) or dialog.dismiss())
    page.get_by_role("link", name="Worklist").first.click()
    expect(page.locator('[data-role="trouble"]')).to_contain_text("Lobule cannot be reached")
    page.context.set_offline(False)
    expect(row.get_by_text("Saved", exact=True)).to_be_visible()
    expect(line(page)).to_have_text("Dismissed: RCC, finding 2")
    assert said(study) == [("f1", "confirmed", ""), ("f2", "dismissed", "")]
    expect(page.locator('[data-role="trouble"]')).to_be_hidden()
    assert asked == ["beforeunload"]


def test_one_is_not_sent_later_over_somebody_elses_word(opened, study, masses, picture, put):
    study.add(picture(47), masses, laterality="R", view="CC")
    page = opened(2)
    press(page, "n")
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    press(page, "c")
    expect(page.locator(".finding").nth(0).get_by_text("Not saved", exact=True)).to_be_visible()
    put("f1", verdict="dismissed", comment="")
    page.context.set_offline(False)
    expect(line(page)).to_contain_text("RCC, finding 1: not saved. alice has changed this verdict")
    assert said(study) == [("f1", "dismissed", "")]


def test_the_message_of_a_failed_action_outlives_the_next_look_at_the_case(opened, study, lesion, picture):
    study.add(picture(47), [lesion], laterality="R", view="CC")
    page = opened(1)
    page.route("**/help", lambda route: route.abort())
    page.get_by_role("button", name="Keyboard shortcuts").first.click()
    trouble = page.locator('[data-role="trouble"]')
    expect(trouble).to_contain_text("Lobule cannot be reached")
    with page.expect_response(f"**/api/v1/cases/{study.case}?*") as answer:
        page.evaluate("dispatchEvent(new Event('online'))")
    answer.value.finished()
    page.evaluate("new Promise((done) => setTimeout(done, 200))")
    expect(trouble).to_contain_text("Lobule cannot be reached")
