"""Escape in a dialog does nothing, whatever its last answer was: Firefox and Safari leave that answer in the dialog."""

import pytest
from playwright.sync_api import expect
from signed_apart import APART
from signing_dialog import DESK

pytestmark = pytest.mark.browser


def escape(page) -> None:
    """Close a dialog as the Escape key does in Firefox, and wait until what follows from it has begun."""
    page.evaluate("() => document.querySelector('dialog[open]').close()")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    page.evaluate("async () => { await fetch('/healthz'); }")


def test_a_view_is_not_saved_again(client, alice, logged_in):
    client.post("/api/v1/cases", headers=alice, json={"pseudonym": "P-A"})
    page = logged_in("/?sort=pseudonym")
    page.get_by_label("Reader").select_option("none")
    save = page.get_by_role("button", name="Save this view")
    save.click()
    page.get_by_label("Name of the view").fill("Mine")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="Mine 1")).to_be_visible()
    page.get_by_label("Reader").select_option("me")
    asked = []
    page.on("request", lambda request: asked.append(request.method))
    save.click()
    escape(page)
    assert "POST" not in asked


class TestTwice:
    @pytest.fixture
    def app(self, make_app):
        return make_app(double_reading="recall")

    def test_a_case_is_not_read_anew(self, client, study, masses, picture, new_user, headers_of, root, logged_in):
        study.add(picture(60), masses, laterality="R", view="CC")
        said = {"breasts": {"right": {"bi_rads": 4, "density": "b"}}} | APART
        assert client.post(f"/api/v1/cases/{study.case}/reads", headers=study.alice, json=said).status_code == 201
        page = logged_in(study.url, viewport=DESK)
        asked = []
        page.route("**/reads/anew", lambda route: (asked.append(route), route.abort()))
        begin = page.get_by_role("button", name="Have it read again", exact=True)
        begin.click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("textbox").fill("Another patient's films.")
        dialog.get_by_role("button", name="Have it read again").click()
        expect(page.locator('[data-role="trouble"]')).to_be_visible()
        begin.click()
        escape(page)
        assert len(asked) == 1
