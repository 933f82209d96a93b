"""What the server says of a chosen file before it is sent."""

import time

import pytest
from playwright.sync_api import expect

from lobule.contracts.pictures import PictureFacts
from lobule.contracts.progress import StepError
from lobule.words import make_notice

pytestmark = pytest.mark.browser


def card(page):
    return page.locator(".entry", has_text="scan")


@pytest.fixture
def looked_at(logged_in, app, picture, draw_film, write_dicom, tmp_path):
    """The page with a file of which the server has said something; the folder of previews."""

    def look(name="scan", **said):
        page = logged_in("/new")
        film = write_dicom(tmp_path / name, draw_film(), 12)
        with page.expect_response("**/api/v1/previews") as asked:
            page.set_input_files("#files", film)
        expect(card(page)).to_contain_text("being drawn")
        (folder,) = (app.state.store.inner.root / "previews").iterdir()
        prefix = f"previews/{folder.name}/{asked.value.json()['id']}"
        facts = PictureFacts(width=3000, height=4000, bits=12, modality="mammography", laterality="L", **said)
        app.state.store.put(f"{prefix}/preview.jpg", picture())
        app.state.store.put(f"{prefix}/facts.json", facts.model_dump_json().encode())
        return page, folder

    return look


def test_a_special_view_and_a_reason_to_refuse_a_file_are_in_sight(looked_at):
    """The view was blank, and a file that will be refused had a sign without words."""
    error = StepError(code="not_screening_view", detail="A specimen.")
    page, _ = looked_at(view="XCCL", error=error)
    expect(card(page).locator('[data-role="problem"]')).to_contain_text("not a screening view of a breast")
    page, _ = looked_at(view="XCCL")
    expect(card(page).locator("[name=view]")).to_have_value("XCCL")
    assert chosen_view(page) == "XCCL (craniocaudal, exaggerated laterally)"
    page, _ = looked_at(view="M")
    expect(card(page).locator("[name=view]")).to_have_value("M")
    assert chosen_view(page) == "M (magnification)", "a single letter says nothing"
    page, _ = looked_at(view="SMCC")
    expect(card(page).locator("[name=view]")).to_have_value("SMCC")
    assert chosen_view(page) == "CC SPOT MAG"


def chosen_view(page):
    return card(page).locator("[name=view]").evaluate("field => field.selectedOptions[0].text")


def test_a_film_of_which_the_side_is_in_doubt_says_so_until_the_reader_changes_it(looked_at):
    page, _ = looked_at(view="CC", notices=[make_notice("laterality_conflict", side="L")])
    place, why = page.locator('[data-view="LCC"] [data-role="said"]'), card(page).locator('[data-role="doubts"]')
    expect(place).to_have_text("check the side")
    expect(why).to_contain_text("The file names both sides. The side of the image itself (left) is used")
    card(page).get_by_label("Side").select_option("R")
    expect(page.locator('[data-view="RCC"] [data-role="said"]')).to_have_text("as you entered")
    expect(why).to_be_hidden()


def test_a_film_whose_name_tells_another_side_than_its_tags_says_so(looked_at):
    page, _ = looked_at(name="scan_RMLO.dcm", view="CC")
    expect(page.locator('[data-view="LCC"] [data-role="said"]')).to_have_text("check the side · check the view")
    expect(card(page)).to_contain_text("The file's name says right, its tags say left. Please check the side.")
    expect(card(page)).to_contain_text("The file's name says MLO, its tags say CC. Please check the view.")


def test_the_server_draws_what_the_browser_cannot(looked_at):
    page, folder = looked_at(view="CC")
    expect(card(page).get_by_role("img")).to_be_visible()
    expect(card(page)).to_contain_text("3000 x 4000 pixels, 12 bits")
    expect(card(page).get_by_label("Side")).to_have_value("L")
    deadline = time.monotonic() + 60
    while list(folder.iterdir()):
        assert time.monotonic() < deadline, "nothing of the patient stays behind"
        page.wait_for_timeout(50)
