"""A case opened for signing."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect
from signing_dialog import DESK, sign

from gateway.auth.models import AuthSession
from gateway.clock import now


@pytest.fixture
def read(logged_in, study):
    """Opens the case, and its signing dialog where it is asked for."""

    def open_page(dialog=True, **options):
        page = logged_in(study.url, **({"viewport": DESK} | options))
        expect(page.locator(".of-image").first).to_be_attached()
        if dialog:
            sign(page)
        return page

    return open_page


@pytest.fixture
def time_passes(app):
    """Six minutes go by since everybody logged in."""

    def pass_by():
        with app.state.sessions.begin() as session:
            for login in session.query(AuthSession):
                login.authenticated_at = now() - timedelta(minutes=6)

    return pass_by


@pytest.fixture
def say(client, study):
    """Gives verdicts before the page is opened, by the place of the image and the finding."""

    def send(image: int, finding: str, verdict: str):
        job = study.read()["images"][image]["job"]["id"]
        target = f"/api/v1/cases/{study.case}/reviews/{job}/{finding}"
        assert client.put(target, headers=study.alice, json={"verdict": verdict}).status_code == 200

    return send
