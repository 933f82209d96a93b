"""Cases of few images in the worklist: their picture beside the list, and what their row says of films."""

import re

import pytest
from playwright.sync_api import expect


def test_views_and_failures_of_a_row_are_told_apart(portal, study, picture, worker):
    study.add(picture(1), laterality="R", view="CC")
    film = {"modality": "mammography", "laterality": "L", "view": "CC"}
    job = study.upload(picture(2), case_id=study.case, **film).json()["job"]["id"]
    claim = worker.claim(job)
    worker.post(job, "inference", "fail", attempt=claim["attempt"], code="not_mammogram", detail="It is in colour.")
    page = re.sub(r"<[^>]+>|\s+", " ", portal.get("/").text)
    assert re.search(r"of 4 views +· +1 failed", page)


@pytest.mark.browser
def test_the_only_field_of_a_case_fills_the_glance_pane(logged_in, study, picture):
    study.add(picture(3), modality="histopathology", probability=0.1)
    page = logged_in("/", viewport={"width": 2560, "height": 1440})
    canvas = page.locator("#glance canvas[data-drawn]")
    expect(canvas).to_have_count(1)
    films = page.locator("#glance .films").bounding_box()
    assert canvas.bounding_box() == films
