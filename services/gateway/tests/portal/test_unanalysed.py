"""Films that were not analysed or never hung: they are shown, and named before the report is signed."""

import gzip
import io
import re
import struct

import numpy as np
import pytest
from film_pane import canvas
from PIL import Image
from playwright.sync_api import expect
from signing_dialog import sign

from lobule.contracts.pictures import FilmOverview, PictureFacts, Samples
from lobule.layout import OVERVIEW_FILE
from lobule.words.notices import make_notice

pytestmark = pytest.mark.browser

WIDTH, HEIGHT = 300, 400


def half_bright(dtype, bright: int) -> np.ndarray:
    """A film whose upper half is bright."""
    film = np.zeros((HEIGHT, WIDTH), dtype)
    film[: HEIGHT // 2] = bright
    return film


def eight_bits() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(half_bright(np.uint8, 255)).save(buffer, "PNG")
    return buffer.getvalue()


def overview(facts: PictureFacts) -> bytes:
    head = FilmOverview(facts=facts, width=WIDTH, height=HEIGHT).model_dump_json().encode()
    head += b" " * (len(head) % 2)
    return gzip.compress(struct.pack("<I", len(head)) + head + half_bright("<u2", 4095).tobytes())


def fail(study, content: bytes, **options) -> str:
    """Add a film whose analysis fails."""
    sent = study.upload(content, modality="mammography", case_id=study.case, **options).json()
    job = sent["job"]["id"]
    claim = study.worker.claim(job)
    said = {"attempt": claim["attempt"], "code": "not_mammogram", "detail": "An implant."}
    assert study.worker.post(job, "inference", "fail", **said).status_code == 204
    return sent["image"]["id"]


def shown(page):
    """The pane of the film and the column of pixels in its middle, once they are drawn."""
    pane = page.locator('.pane[data-view="LCC"]')
    expect(pane).to_have_attribute("data-scale", re.compile("."))
    pixels = canvas(pane)[..., 0]
    return pane, pixels[:, pixels.shape[1] // 2]


@pytest.mark.parametrize("deep", [True, False])
def test_a_film_that_was_not_analysed_shows_its_pixels(study, picture, logged_in, app, deep):
    study.add(picture(70), [], probability=0.1, laterality="R", view="CC")
    image = fail(study, eight_bits(), laterality="L", view="CC")
    facts = PictureFacts(width=WIDTH, height=HEIGHT, bits=8)
    if deep:
        samples = Samples(width=WIDTH, height=HEIGHT, offset=0, step=1, low=0, high=4095)
        facts = facts.model_copy(update={"bits": 12, "samples": samples})
        app.state.store.put(f"images/{image}/film/{OVERVIEW_FILE}", overview(facts))
    app.state.store.put(f"images/{image}/film/facts.json", facts.model_dump_json().encode())
    page = logged_in(study.url, viewport={"width": 1440, "height": 900})
    pane, middle = shown(page)
    assert (middle.max(), middle.min()) == (255, 0), "as the file has it"
    note = pane.locator('[data-role="note"]')
    expect(note).to_contain_text("Not assessed")
    assert note.bounding_box()["height"] < pane.bounding_box()["height"] / 2, "below it"
    if deep:
        expect(pane.locator('[data-role="depth"]')).to_contain_text("12 bit")
    sign(page)
    expect(page.locator("#signing").get_by_text("Not assessed:").get_by_role("button")).to_have_text(["LCC"])
    expect(page.get_by_text("Not yet shown on this page:")).to_be_hidden()


def test_a_film_that_is_still_analysed_shows_its_pixels(study, logged_in, app):
    sent = study.upload(eight_bits(), modality="mammography", case_id=study.case, laterality="L", view="CC").json()
    facts = PictureFacts(width=WIDTH, height=HEIGHT, bits=8)
    app.state.store.put(f"images/{sent['image']['id']}/film/facts.json", facts.model_dump_json().encode())
    page = logged_in(study.url, viewport={"width": 1440, "height": 900})
    pane, middle = shown(page)
    assert middle.max() == 255, "as the file has it"
    expect(pane.locator('[data-role="note"]')).to_contain_text("Waiting for the analysis")
    study.analyse(sent["job"]["id"], probability=0.1)
    expect(pane.locator('[data-role="note"]')).to_be_hidden()
    page.wait_for_function("document.querySelector('.pane canvas').width > 0")


def test_the_conclusion_says_on_which_films_the_model_was_not_evaluated(study, picture, logged_in):
    study.add(picture(74), [], probability=0.9, laterality="R", view="CC", notices=[make_notice("implant")])
    study.add(picture(75), [], probability=0.1, laterality="L", view="CC")
    said = logged_in(study.url).locator('[data-role="unevaluated"]')
    expect(said).to_have_text("The model was not evaluated on films like these: RCC.")


def test_what_of_a_film_has_to_be_checked_is_said_on_it_and_beside_the_conclusion(study, picture, logged_in):
    """It stood only in a row that is folded away: a film of the wrong side was read as one of the other breast."""
    for number, view in ((76, "CC"), (77, "MLO")):
        doubt = make_notice("laterality_conflict", side="R")
        study.add(picture(number), [], probability=0.9, laterality="R", view=view, notices=[doubt])
    page = logged_in(study.url)
    expect(page.locator('.pane[data-view="RCC"] .corner')).to_contain_text("check the side")
    expect(page.locator('[data-role="unevaluated"]')).to_have_text(
        "RCC and RMLO: The file names both sides. The side of the image itself (right) is used; please check it."
    )
    sign(page)
    asked = page.locator("#signing").get_by_text("To be checked, as said beside the conclusion:")
    expect(asked.get_by_role("button")).to_have_text(["RCC", "RMLO"])


def test_films_that_never_hung_are_named_before_the_report_is_signed(study, picture, logged_in):
    study.add(picture(71), [], probability=0.15, laterality="R", view="CC")
    study.add(picture(72), [], probability=0.1, laterality="R", view="CC", name="repeated.png")
    study.add(picture(73), [], probability=0.1, laterality="R", view="ML", name="special.png")
    study.fail_together()
    page = logged_in(study.url)
    expect(page.locator('.pane[data-view="RCC"]')).to_have_attribute("data-scale", re.compile("."))
    sign(page)
    dialog = page.locator("#signing")
    named = dialog.get_by_text("Not yet shown on this page:").get_by_role("button")
    expect(named).to_have_text(["RCC 2", "R ML"])
    expect(dialog.locator('[data-role="settled"]')).to_be_hidden()
    for left in (["R ML"], []):
        named.first.click()
        expect(dialog).to_be_hidden()
        sign(page)
        expect(named).to_have_text(left)
