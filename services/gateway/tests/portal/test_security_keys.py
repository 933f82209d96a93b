"""A security key in a real browser: added, renamed, asked for at the login, before signing, and removed."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect
from signing_dialog import choose, submit

from gateway.auth.models import AuthSession

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery staple"


@pytest.fixture
def site(app, client):
    """The gateway by a name: browsers offer no keys at an IP address."""
    app.state.settings.public_url = f"http://localhost:{client.base_url.port}"
    return app.state.settings.public_url


@pytest.fixture
def browser_with_key(site, open_page):
    """Opens a browser with a key that somebody touches: a device of its own, or one that is built in."""

    def open_browser(transport="usb"):
        page = open_page(f"{site}/login", viewport={"width": 360, "height": 740})
        page.on("dialog", lambda dialog: dialog.accept())
        devices = page.context.new_cdp_session(page)
        devices.send("WebAuthn.enable")
        key = {"protocol": "ctap2", "transport": transport, "hasUserVerification": True, "isUserVerified": True}
        devices.send("WebAuthn.addVirtualAuthenticator", {"options": {**key, "automaticPresenceSimulation": True}})
        return page

    return open_browser


def give_password(page):
    page.fill("[name=username]", "alice")
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")


@pytest.mark.parametrize("transport", ["usb", "internal"])
def test_from_the_first_key_to_a_signed_report(app, site, browser_with_key, study, masses, picture, transport):
    page = browser_with_key(transport)
    give_password(page)
    page.goto(f"{site}/account")
    page.fill('[name="key"]', "Key ring")
    page.click("text=Add a security key")
    expect(page.locator('[data-role="codes"]')).to_be_focused()
    assert len(page.inner_text('[data-role="codes"]').split()) == 10
    page.click("text=I have saved them")
    name = page.get_by_label("Name of the key").first
    expect(name).to_have_value("Key ring")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    name.fill("Desk")
    with page.expect_navigation():
        page.click("text=Rename")
    expect(page.get_by_label("Name of the key").first).to_have_value("Desk")

    page.click("header >> text=Log out")
    give_password(page)
    use = page.get_by_role("button", name="Use a security key")
    expect(use).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site}/")

    study.add(picture(70), masses, laterality="R", view="CC")
    page.set_viewport_size({"width": 1300, "height": 900})
    page.goto(f"{site}{study.url}")
    choose(page, "malignancy_suspected")
    with app.state.sessions.begin() as session:
        for login in session.query(AuthSession):
            login.authenticated_at -= timedelta(hours=1)
    submit(page)
    page.get_by_role("button", name="Use a security key").click()
    expect(page.locator('.status-line [role="status"]')).to_have_text("Version 1 is signed.")

    page.goto(f"{site}/account")
    with page.expect_navigation():
        page.click("text=Remove the key")
    expect(page.locator("#keys")).to_have_count(0)


def test_another_key_does_not_log_in_and_leaves_the_code(site, browser_with_key):
    page = browser_with_key()
    give_password(page)
    page.goto(f"{site}/account")
    page.fill('[name="key"]', "Key ring")
    page.click("text=Add a security key")
    expect(page.locator('[data-role="codes"]')).to_be_focused()
    code = page.inner_text('[data-role="codes"]').split()[0]
    other = browser_with_key()
    give_password(other)
    other.get_by_role("button", name="Use a security key").click()
    expect(other.get_by_role("alert")).to_contain_text("The key did not answer.")
    other.fill("[name=code]", code)
    other.keyboard.press("Enter")
    other.wait_for_url(f"{site}/")
