"""A reader draws findings with the mouse: kept in pixels of the film's file, shown again, signed, undone."""

import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from signed_apart import APART
from viewer_tools import painted

from lobule.contracts.region import RegionOpinion
from lobule.contracts.result import Box, Finding, Hanging
from lobule.contracts.tissue import Tissue

pytestmark = pytest.mark.browser

WIDTH, HEIGHT = 600, 800


@pytest.fixture
def film():
    """The file of a film, as large as its result says."""
    buffer = io.BytesIO()
    Image.fromarray(np.full((HEIGHT, WIDTH), 90, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def places(pane, *points):
    """Points of the film as it hangs, on the page."""
    scale, x, y = (float(pane.get_attribute(f"data-{name}")) for name in ("scale", "x", "y"))
    box = pane.bounding_box()
    return [(box["x"] + x + across * scale, box["y"] + y + down * scale) for across, down in points]


def drag(page, pane, *points):
    first, *others = places(pane, *points)
    page.mouse.move(*first)
    page.mouse.down()
    for place in others:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def test_drawn_named_kept_and_undone(logged_in, study, film, worker):
    finding = Finding(
        label="mass", probability=0.9, probability_malignant=0.6, box=Box(x=60, y=60, width=80, height=80)
    )
    # The file is upside down: it hangs turned by 180 degrees.
    study.add(film, [finding], laterality="L", view="CC", hanging=Hanging(rotation=180), spacing=(0.1, 0.1))
    page = logged_in(study.url, viewport={"width": 1440, "height": 900})
    pane = page.locator('.pane[data-view="LCC"]')
    expect(pane).to_have_attribute("data-scale", re.compile(r"\d"))  # it is drawn
    hung = {name: pane.get_attribute(name) for name in ("data-scale", "data-x", "data-y")}
    own, rows = page.locator('[data-role="own"]'), page.locator('[data-role="own-list"] > li')
    expect(own.get_by_role("button", name="Draw")).to_have_attribute("title", re.compile("did not find"))
    naming = page.locator("#naming")

    def draw(key, *points):
        page.keyboard.press(key)
        pane.locator("canvas.drawing").wait_for(state="attached")  # fetched when it is wanted first
        drag(page, pane, *points)

    draw("b", (200, 300), (260, 380))
    expect(naming).to_be_visible()
    page.keyboard.press("Escape")
    expect(naming).to_be_hidden()
    assert study.read()["reader_findings"] == [], "Escape drops it"

    # Without a mouse, corners are set in the middle of the film, which is panned in between.
    pane.focus()
    for key in ("b", "Enter", "ArrowLeft", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    expect(naming).to_be_visible()
    page.keyboard.press("Escape")
    expect(naming).to_be_hidden()
    page.keyboard.press("0")
    for name, value in hung.items():
        expect(pane).to_have_attribute(name, value or "")  # the film is drawn anew before it is dragged over

    draw("b", (200, 300), (260, 380))
    expect(naming).to_be_visible()
    naming.get_by_label("Note").fill("new since 2024")
    naming.get_by_role("button", name="Architectural distortion").click()
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("new since 2024")
    expect(rows.first).to_contain_text("6 x 8 mm")
    [kept] = study.read()["reader_findings"]
    box = [kept["box"][side] for side in ("x", "y", "width", "height")]
    assert box == pytest.approx([WIDTH - 260, HEIGHT - 380, 60, 80], abs=1.5), (
        "in pixels of the file, not of the screen"
    )
    assert (kept["kind"], kept["author"]) == ("distortion", "alice")

    draw("Shift+O", (300, 500), (360, 540))
    expect(naming).to_be_visible()
    page.keyboard.press("2")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("Calcification")

    # The system's outline, drawn anew: no question is asked, and its number is told.
    page.locator('.findings .finding:not(.own) [data-role="go"]').first.click()
    page.get_by_role("button", name="Correct the outline").click()
    pane.locator("canvas.drawing").wait_for(state="attached")
    page.wait_for_function("() => document.querySelector('.panes').dataset.tool === 'outline'")
    drag(page, pane, (470, 670), (530, 665), (540, 730), (480, 735), (470, 672))
    expect(rows).to_have_count(3)
    expect(rows.nth(2)).to_contain_text("Outline of LCC, finding 1, drawn by a reader")
    third = study.read()["reader_findings"][2]
    assert (third["shape"], third["corrects"]["finding_id"]) == ("outline", "f1")
    across, down = np.array(third["outline"]).T
    assert (across.min(), across.max(), down.min(), down.max()) == pytest.approx((60, 130, 65, 135), abs=2.5)

    # The first of one's own is the same lesion as that of the system.
    rows.first.locator('[data-role="go"]').click()
    rows.first.get_by_role("button", name="Same lesion").click()
    page.locator('.findings .finding:not(.own) [data-role="go"]').first.click()
    expect(rows.first.locator('[data-role="partner"]')).to_contain_text("LCC, finding 1")
    assert len(study.read()["same_lesions"]) == 1

    # What the system thinks of it, once somebody asks.
    ask, opinion = rows.nth(1).locator('[data-role="ask"]'), rows.nth(1).locator('[data-role="opinion"]')
    rows.nth(1).locator('[data-role="go"]').click()
    with page.expect_response("**/opinion"):
        ask.click()
    expect(opinion).to_have_text("The system is reading it…")
    while (claim := worker.claim_next("mammo"))["step"] != "region":
        pass
    said = RegionOpinion(outcome="too_coarse", mm_per_pixel=0.3, coarsest_mm_per_pixel=0.1, scale_assumed=False)
    worker.store.put(f"{claim['output_prefix']}/region.json", said.model_dump_json().encode())
    worker.post(claim["job_id"], "region", "complete", attempt=claim["attempt"])
    expect(opinion).to_have_text("No opinion: this film has 0.3 mm a pixel, and at most 0.1 mm are needed.")

    # All is there again after a reload; erased and undone, it is as it was.
    page.reload()
    expect(rows).to_have_count(3)
    expect(pane.locator('[data-role="note"]')).to_be_hidden()
    before = study.read()["reader_findings"]
    rows.nth(1).get_by_role("button", name="Erase").click()
    expect(rows).to_have_count(2)
    page.locator('[data-role="undo"]').click()
    expect(rows).to_have_count(3)
    after = study.read()["reader_findings"]
    assert [dict(one, drawn_at="") for one in after] == [dict(one, drawn_at="") for one in before]

    # What the page shows is read, the reader's own changes included.
    page.wait_for_function("fetch('/api/v1/cases?unread=1').then((a) => a.json()).then(({ items }) => !items.length)")

    answer = study.client.post(f"/api/v1/cases/{study.case}/reports", json=APART, headers=study.alice)
    assert answer.status_code == 201, answer.text
    signed = study.client.get(f"/api/v1/cases/{study.case}/reports/1/content", headers=study.alice).json()
    assert [one["number"] for one in signed["images"][0]["reader_findings"]] == [1, 2, 3]


def test_a_tool_that_is_still_fetched_does_not_move_the_film(logged_in, study, film):
    study.add(film, laterality="L", view="CC", spacing=(0.1, 0.1))
    page = logged_in(study.url, viewport={"width": 1440, "height": 900})
    pane = page.locator('.pane[data-view="LCC"]')
    expect(pane).to_have_attribute("data-scale", re.compile(r"\d"))
    held = []
    page.route("**/viewer/*.js*", lambda route: held.append(route))  # neither drawing tools nor instruments come
    for key, tool in (("b", "box"), ("t", "ruler")):
        page.keyboard.press(key)
        expect(page.locator(".panes")).to_have_attribute("data-tool", tool)
        page.keyboard.press("+")  # what is larger than its pane could be moved
        painted(page)
        before = places(pane, (100, 100))
        drag(page, pane, (100, 100), (300, 300))
        painted(page)
        assert places(pane, (100, 100)) == before, key
    expect(page.locator("canvas.drawing, canvas.measures")).to_have_count(0)  # they did not come in between
    for route in held:
        route.abort()


def test_on_a_field_no_terms_of_mammograms_are_offered_and_sizes_are_in_micrometres(logged_in, study, film):
    tissue = Tissue(
        model="tissue-lite0 1.0.0",
        um_per_pixel=0.5,
        scale_source="given",
        probability_tumour=0.1,
        tumour_share=0.0,
        marked_from=0.25,
        unlike_training=0.5,
    )
    study.add(film, modality="histopathology", tissue=tissue)
    page = logged_in(study.url, viewport={"width": 1440, "height": 900})
    pane = page.locator(".pane:visible")
    expect(pane).to_have_attribute("data-scale", re.compile(r"\d"))
    page.keyboard.press("b")
    pane.locator("canvas.drawing").wait_for(state="attached")
    drag(page, pane, (200, 300), (260, 380))
    naming = page.locator("#naming")
    expect(naming.locator("[data-kind]:visible")).to_have_text([re.compile("Calcification"), re.compile("Other")])
    page.keyboard.press("1")
    expect(naming).to_be_visible()
    page.keyboard.press("5")
    row = page.locator('[data-role="own-list"] > li')
    expect(row).to_contain_text("30 x 40 µm")
    assert study.read()["reader_findings"][0]["kind"] == "other"
