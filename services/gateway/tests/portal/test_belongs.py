"""Films of another patient on the reading page: where they belong is said there."""

import os

import pytest
from playwright.sync_api import expect

from gateway.cases.service import refresh
from gateway.images.models import Image

pytestmark = pytest.mark.browser

DESK = {"viewport": {"width": 1440, "height": 900}}


@pytest.fixture
def apart(app, study, picture) -> str:
    """A case with a film, and another film that is kept apart from it; gives the id of the second."""
    study.add(picture(70), [], probability=0.1, laterality="R", view="CC")
    study.add(picture(71), [], probability=0.9, laterality="L", view="MLO")
    image = study.read()["images"][1]["id"]
    with app.state.sessions.begin() as session:
        session.get_one(Image, image).apart = True
        session.flush()
        refresh(session, study.case)
    return image


@pytest.fixture
def case_of(client, study):
    """The case that an image is in."""
    return lambda image: client.get(f"/api/v1/images/{image}", headers=study.alice).json()["case_id"]


def photograph(page, name: str) -> None:
    if folder := os.environ.get("LOBULE_PHOTOGRAPHS"):
        page.screenshot(path=f"{folder}/{name}.png")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_film_that_is_kept_apart_goes_into_a_case_of_its_own(logged_in, study, apart, case_of, language):
    page = logged_in(study.url, **DESK, locale=language)
    note = page.locator('[data-role="refused"] .message')
    expect(note).to_contain_text("LMLO")
    expect(page.locator(".thumb")).to_have_count(1)
    photograph(page, f"apart-{language}")
    note.get_by_role("button").click()
    dialog = page.locator("#belongs")
    submit = dialog.locator('[type="submit"]')
    problem = dialog.locator('[data-role="problem"]')
    submit.click()
    expect(problem).to_be_visible()
    expect(dialog.locator('[name="pseudonym"]')).to_be_hidden()
    dialog.locator('[value="new_case"]').check()
    dialog.locator('[name="pseudonym"]').fill("P-2")
    submit.click()
    expect(problem).to_be_visible(), "it has no reason yet"
    photograph(page, f"belongs-{language}")
    dialog.locator('[name="reason"]').fill("sent under another order")
    submit.click()
    expect(dialog).to_be_hidden()
    expect(note).to_have_count(0)
    assert case_of(apart) not in (None, study.case)


def test_it_is_added_to_the_case(logged_in, study, apart, case_of):
    page = logged_in(study.url, **DESK)
    page.locator('[data-role="refused"]').get_by_role("button").click()
    page.locator('#belongs [value="here"]').check()
    expect(page.locator('#belongs [name="reason"]')).to_be_hidden()
    page.locator('#belongs [type="submit"]').click()
    expect(page.locator(".thumb")).to_have_count(2)
    expect(page.locator('[data-role="refused"] .message')).to_have_count(0)
    assert case_of(apart) == study.case


def test_an_image_of_the_case_goes_into_another_one(client, logged_in, study, apart, case_of):
    other = client.post("/api/v1/cases", json={"pseudonym": "P-3"}, headers=study.alice).json()["id"]
    page = logged_in(study.url, **DESK)
    page.locator('.pane[data-view="RCC"] [data-role="edit"]').click()
    page.locator('#edit [data-role="exclude"]').click()
    dialog = page.locator("#belongs")
    expect(dialog.locator('[value="here"]')).to_be_hidden(), "it is there already"
    dialog.locator('[value="case"]').check()
    dialog.locator('[name="reason"]').fill("another examination")
    dialog.locator('[name="pseudonym"]').fill("P-")
    dialog.locator('[type="submit"]').click()
    expect(dialog.locator('[data-role="problem"]')).to_be_visible(), "no case is called so"
    dialog.locator('[name="pseudonym"]').fill("P-3")
    dialog.locator('[type="submit"]').click()
    expect(dialog).to_be_hidden()
    image = client.get("/api/v1/images", params={"case_id": other}, headers=study.alice).json()["items"][0]["id"]
    assert (image != apart, case_of(image)) == (True, other)


def test_it_is_deleted_with_a_reason(client, logged_in, study, apart):
    page = logged_in(study.url, **DESK)
    page.locator('[data-role="refused"]').get_by_role("button").click()
    page.locator('#belongs [value="deletion"]').check()
    page.locator('#belongs [name="reason"]').fill("a phantom")
    page.locator('#belongs [type="submit"]').click()
    expect(page.locator('[data-role="refused"] .message')).to_have_count(0)
    assert client.get(f"/api/v1/images/{apart}", headers=study.alice).status_code == 404
