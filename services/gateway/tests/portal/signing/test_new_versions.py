"""A signed report gets a new version, after a change or for an addendum alone, with the keyboard alone."""

import pytest
from playwright.sync_api import expect
from portal_day import Day
from signing_dialog import DESK

from lobule.words import Words

pytestmark = pytest.mark.browser


@pytest.fixture
def day(study, masses, picture, read):
    """A reader at a case with a film, which was read together with none."""
    study.add(picture(68), masses, laterality="R", view="CC")
    study.fail_together()
    return Day(read(dialog=False), Words("en"), keyboard=True, width=DESK["width"])


def state(day: Day) -> None:
    """State all values of the breast by Space and arrows."""
    for field, value in (("bi_rads", "3"), ("density", "b"), ("recommendation", "short_follow_up")):
        choice = day.page.locator(f'.panel [name="{field}-R"][value="{value}"]')
        day.reach(day.page.locator(f'.panel [name="{field}-R"]').first)
        day.page.keyboard.press("Space")
        for _ in range(6):
            if choice.is_checked():
                break
            day.page.keyboard.press("ArrowRight")
        expect(choice).to_be_checked()


def sign(day: Day, version: int, comment: str = "") -> None:
    """Sign in the dialog that is open, with something added to its comment."""
    dialog = day.page.locator("#signing")
    submit = dialog.locator('[data-role="submit"]')
    expect(submit).to_be_focused()
    if comment:
        day.reach(dialog.get_by_label("Comment in the report"))
        day.page.keyboard.press("Control+End")
        day.page.keyboard.type(comment)
    day.press(submit)
    expect(dialog).to_be_hidden()
    expect(day.page.locator(".versions")).to_contain_text(f"Version {version}")
    expect(day.page.get_by_role("link", name=f"Open version {version}")).to_be_focused()


def test_of_a_report_by_keyboard(day, study):
    page = day.page
    state(day)
    day.press(page.locator('.panel [data-role="sign"]'))
    stated = page.locator('.panel [data-side="R"] .signed')
    expect(stated).to_be_empty()
    sign(day, 1, " Seen by me.")
    expect(stated).to_have_text("Version 1 · BI-RADS 3 · b · 6 months")

    # Something changes: the report is superseded, and everything is stated anew.
    day.press(page.locator('.finding [data-role="confirmed"]').first)
    day.press(page.locator('#supersede [value="yes"]'))
    expect(page.locator('.finding [data-role="confirmed"]').first).to_be_focused()
    expect(stated).to_be_empty()
    state(day)
    day.press(page.locator('.panel [data-role="sign"]'))
    former = page.locator('#signing [data-role="former"]')
    expect(former).to_contain_text("The comment of version 1:")
    expect(former.locator("q")).to_contain_text("Seen by me.")
    expect(page.locator('#signing [data-role="submit"]')).to_be_focused()
    day.press(former.get_by_role("button", name="Take it over"))
    expect(page.locator("#signing").get_by_label("Comment in the report")).to_be_focused()
    page.keyboard.press("Control+End")
    page.keyboard.type(" New.")
    day.press(page.locator('#signing [data-role="submit"]'))
    expect(page.get_by_role("link", name="Open version 2")).to_be_focused()

    # Nothing changes but what is said: breasts and comment stand as they were signed.
    day.press(page.get_by_role("button", name="Sign a new version"))
    sign(day, 3, "\nAddendum: older films came.")
    third, second, first = study.read()["reports"]
    assert second["comment"] == first["comment"] + " New."
    assert third["comment"] == second["comment"] + "\nAddendum: older films came."
    assert third["breasts"] == second["breasts"] == first["breasts"]
    assert [each["superseded"] for each in (third, second, first)] == [False, True, True]


def test_what_was_stated_is_not_left_behind(day):
    """A change after a cancelled addendum would find the former categories chosen."""
    page = day.page
    state(day)
    day.press(page.locator('.panel [data-role="sign"]'))
    sign(day, 1)
    day.press(page.get_by_role("button", name="Sign a new version"))
    expect(page.locator('.panel [name="bi_rads-R"][value="3"]')).to_be_checked()
    comment = page.locator("#signing").get_by_label("Comment in the report")
    expect(comment).not_to_have_value("")
    page.keyboard.press("Escape")
    expect(page.locator('.panel [name="bi_rads-R"]:checked')).to_have_count(0)
    expect(comment).to_have_value("")
