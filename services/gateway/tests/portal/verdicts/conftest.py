"""A case with one lesion, opened for reading."""

import pytest
from playwright.sync_api import expect
from verdict_page import DESK

from lobule.contracts.result import Box, Finding


@pytest.fixture
def lesion():
    """One finding in the middle of a film."""
    return Finding(
        label="mass", probability=0.8, probability_malignant=0.8, box=Box(x=220, y=320, width=160, height=160)
    )


@pytest.fixture
def opened(logged_in, study):
    """Opens the case when so many findings are listed, and every picture is drawn."""

    def open_page(findings: int, **options):
        page = logged_in(study.url, **({"viewport": DESK} | options))
        expect(page.locator(".finding")).to_have_count(findings)
        images = len(study.read()["images"])
        expect(page.locator(".of-image")).to_have_count(images)
        return page

    return open_page


@pytest.fixture
def put(client, headers_of, study):
    """Has somebody else say something of a finding: Alice again, but in another window."""

    def send(finding: str, **review):
        job = study.read()["images"][0]["job"]["id"]
        answer = client.put(f"/api/v1/cases/{study.case}/reviews/{job}/{finding}", headers=study.alice, json=review)
        assert answer.status_code == 200

    return send
