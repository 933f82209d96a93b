"""The tables of the administration and of an account, in the browser."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

LEFT = """cell => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    return [...new Set([...range.getClientRects()].map(({ left }) => Math.round(left)))];
}"""


def test_times_are_those_of_the_readers_zone(open_page, cookie_of):
    page = open_page("/account", cookie_of("alice"), timezone_id="Asia/Shanghai", locale="en-GB")
    time = page.locator("td time").first
    there = "at => new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at))"
    expect(time).to_have_text(page.evaluate(there, time.get_attribute("datetime")))


def test_without_scripts_times_say_that_they_are_utc(open_page, cookie_of):
    page = open_page("/account", cookie_of("alice"), java_script_enabled=False)
    expect(page.locator("td time").first).to_have_text(re.compile(" UTC$"))


def test_on_a_phone_everything_of_a_cell_stands_beside_its_name(open_page, cookie_of, job, worker):
    claim = worker.claim(job)
    worker.post(job, "inference", "fail", attempt=claim["attempt"], code="not_mammogram", detail="It is in colour.")
    page = open_page("/admin/work?state=failed", cookie_of("root"), viewport={"width": 390, "height": 800})
    step = page.locator("td", has=page.locator("small"))
    expect(step).to_contain_text("(1 try)")
    name_ends = step.evaluate("cell => cell.getBoundingClientRect().left + 112")
    assert min(step.evaluate(LEFT)) >= name_ends
