"""The scale of fields on the page of a new case: it is asked for, and doubted where it contradicts itself."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture
def fields(logged_in, picture):
    """The page of a new case with fields of these names, and the card of each."""

    def fields(*names: str):
        page = logged_in("/new")
        files = [{"name": name, "mimeType": "", "buffer": picture(70 + n)} for n, name in enumerate(names)]
        page.set_input_files("#files", files)
        expect(page.locator('.entry[data-state="chosen"]')).to_have_count(len(names))
        return page, [page.locator(".entry", has_text=name) for name in names]

    return fields


def give(where, magnification: str | None = None, um: str | None = None) -> None:
    """State a scale on a card, or for all of them."""
    if magnification is not None:
        where.locator("[name=magnification]").select_option(magnification)
    if um is not None:
        where.locator("[name=um_per_pixel]").fill(um)
        where.locator("[name=um_per_pixel]").blur()


def test_it_is_asked_for_until_it_is_given(fields):
    _, [card] = fields("histo.png")
    expect(card.locator("[name=modality]")).to_have_value("histopathology")
    asked = card.locator('[data-role="doubts"]')
    for given, taken_back in ({"magnification": "100X"}, {"magnification": ""}), ({"um": "0.5"}, {"um": ""}):
        expect(asked).to_contain_text("Please give a scale, unless the file states it")
        give(card, **given)
        expect(asked).to_be_hidden()
        give(card, **taken_back)
    card.locator("[name=modality]").select_option("mammography")
    expect(asked).to_be_hidden()


def test_micrometres_that_contradict_the_magnification_are_doubted(fields):
    _, [card] = fields("histo.png")
    said = card.locator('[data-role="doubts"]')
    give(card, "400X", "1.2")
    expect(said).to_contain_text("The given 1.2 µm per pixel and the given magnification contradict each other")
    expect(said).to_contain_text("at 400X, a pixel of the camera of the training fields has 0.12 µm")
    give(card, um="0.15")
    expect(said).to_be_hidden()
    give(card, um="0.06")
    expect(said).to_contain_text("The given 0.06 µm per pixel")
    card.locator("[name=modality]").select_option("mammography")
    expect(said).to_be_hidden()


def test_it_is_given_once_for_a_series(fields, picture, client, alice):
    page, cards = fields("histo-1.png", "histo-2.png", "SOB_B_A-14-1-200-001.png")
    series = page.get_by_role("group", name="One scale for all fields")
    give(series, um="80")
    assert series.locator("[name=um_per_pixel]").evaluate("field => field.matches(':invalid')")
    expect(cards[0].locator("[name=um_per_pixel]")).to_have_value("")
    give(series, um="0.5")
    for card in cards:
        expect(card.locator("[name=um_per_pixel]")).to_have_value("0.5")
    expect(cards[0].locator('[data-role="doubts"]')).to_be_hidden()
    expect(cards[2].locator("[name=magnification]")).to_have_value("200X")
    expect(cards[2].locator('[data-role="doubts"]')).to_contain_text("contradict each other")
    give(series, magnification="100X")
    expect(cards[2].locator("[name=magnification]")).to_have_value("100X")
    give(cards[1], "", "0.25")
    page.set_input_files("#files", [{"name": "histo-later.png", "mimeType": "", "buffer": picture(90)}])
    later = page.locator(".entry", has_text="histo-later.png")
    expect(later.locator("[name=um_per_pixel]")).to_have_value("0.5")
    page.get_by_role("button", name="Upload and analyse").click()
    expect(page.locator('.entry [data-step="upload"][data-state="done"]')).to_have_count(4)
    expect(series).to_be_hidden()
    images = client.get("/api/v1/images", headers=alice).json()["items"]
    assert {image["file_name"]: (image["um_per_pixel"], image["magnification"]) for image in images} == {
        "histo-1.png": (0.5, "100X"),
        "histo-2.png": (0.25, None),
        "SOB_B_A-14-1-200-001.png": (0.5, "100X"),
        "histo-later.png": (0.5, "100X"),
    }


def test_it_is_asked_for_one_field_where_there_is_no_series(fields):
    page, cards = fields("histo-1.png", "histo-2.png")
    series = page.locator('[data-role="series"]')
    expect(series).to_be_visible()
    give(series, um="80")
    cards[1].get_by_role("button", name="Remove").click()
    expect(series).to_be_hidden()
    page.get_by_role("button", name="Upload and analyse").click()
    expect(page.locator('.entry [data-step="upload"]')).to_have_attribute("data-state", "done")
