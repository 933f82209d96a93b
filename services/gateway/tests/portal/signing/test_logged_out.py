"""Who is logged out in the middle of a draft finds it again after the login; another reader does not."""

import pytest
from playwright.sync_api import expect
from signing_dialog import PASSWORD, alert, choose, submit

pytestmark = pytest.mark.browser


@pytest.fixture
def logged_out(study, masses, picture, read):
    """A page with a comment on a finding and one in the report, whose session has ended, at the login."""
    study.add(picture(78), masses, laterality="R", view="CC")
    study.fail_together()
    page = read(dialog=False)
    page.route("**/reviews/**", lambda route: route.abort())
    row = page.locator(".finding").first
    row.get_by_text("Comment", exact=True).click()
    row.get_by_label("Comment on RCC, finding 1").fill("A node.")
    choose(page, "not_sure")
    page.get_by_label("Comment in the report").fill("Half a sentence")
    page.context.clear_cookies()
    submit(page)
    asked: list[str] = []
    page.on("dialog", lambda dialog: asked.append(dialog.type) or dialog.accept())
    alert(page, "problem").get_by_role("link", name="Log in again").click()
    expect(page.get_by_label("Password")).to_be_visible()
    assert asked == [], "nothing is lost"
    return page


def log_in(page, name: str) -> None:
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")


def test_everything_is_back_for_the_same_reader(logged_out):
    page = logged_out
    log_in(page, "alice")
    expect(page.locator('.status-line [role="status"]')).to_have_text(
        "What you typed before you logged in again is back."
    )
    expect(page.locator('.panel [name="bi_rads-R"][value="0"]')).to_be_checked()
    expect(page.get_by_label("Comment in the report")).to_have_value("Half a sentence")
    expect(page.get_by_label("Comment on RCC, finding 1")).to_have_value("A node.")
    page.reload()
    expect(page.locator(".of-image").first).to_be_attached()
    expect(page.locator('.panel [name="bi_rads-R"]:checked')).to_have_count(0)


def test_a_verdict_that_is_not_saved_leads_to_the_login(study, masses, picture, read):
    study.add(picture(79), masses, laterality="R", view="CC")
    page = read(dialog=False)
    page.context.clear_cookies()
    row = page.locator(".finding").first
    row.locator('[data-role="confirmed"]').click()
    expect(row.locator('[data-role="status"]')).to_have_text("Not saved")
    page.get_by_role("link", name="Log in again").click()
    expect(page.get_by_label("Password")).to_be_visible()


def test_another_reader_finds_nothing(logged_out):
    page = logged_out
    page.evaluate(
        """() => {
            const [key] = Object.keys(sessionStorage);
            const left = JSON.stringify({ ...JSON.parse(sessionStorage[key]), user: 'another' });
            sessionStorage.setItem(key, left);
            sessionStorage.setItem('typed:another-case', left);
        }"""
    )
    log_in(page, "alice")
    expect(page.locator(".of-image").first).to_be_attached()
    expect(page.get_by_label("Comment in the report")).to_have_value("")
    assert page.evaluate("Object.keys(sessionStorage).length") == 0
