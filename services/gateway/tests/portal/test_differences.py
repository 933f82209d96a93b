"""The difference of the breasts over the films that are compared."""

import numpy as np
import pytest
from film_pane import canvas, ink, marks, pane_of, placed, show_only
from played_worker import NOTHING_NEW
from playwright.sync_api import expect
from viewer_tools import HEIGHT, WIDTH

from lobule.contracts.difference import FilmDifference
from lobule.imaging.decode import encode_png

pytestmark = pytest.mark.browser

SMALL = 4  # pixels of the film for one of the picture
PLACE = (slice(10, 20), slice(5, 25))  # rows and columns of the picture


def finish(worker, *, compared: bool = True) -> None:
    """Read the two films of the case together: the right one is brighter in one place."""
    claim = worker.claim_next("mammo")
    right, left = (image["job_id"] for image in claim["examination"]["images"])
    strength = np.zeros((HEIGHT // SMALL, WIDTH // SMALL), np.uint8)
    strength[PLACE] = 255
    difference = FilmDifference(job_id=right, other=left, file="right.png", strongest=3)
    reading = NOTHING_NEW.model_copy(update={"differences": [difference] if compared else []})
    worker.compare(reading, claim, {"right.png": encode_png(strength)})


@pytest.fixture
def page(logged_in, study, picture):
    heat = np.full((HEIGHT // SMALL, WIDTH // SMALL), 200, np.uint8)
    study.add(picture(1), view="CC", laterality="R", heat=heat, name="right.png")
    study.add(picture(2), view="CC", laterality="L", name="left.png")
    return logged_in(study.url)


def test_the_difference_lies_where_the_film_is_brighter(page, worker):
    box, ramp = page.locator('[data-shown="difference"]'), page.locator('.legend [data-map="difference"]')
    pane = pane_of(page)
    expect(box).to_be_disabled()  # nothing is compared yet
    expect(ramp).to_be_hidden()
    finish(worker)
    expect(box).to_be_enabled()
    expect(ramp).to_contain_text("R–L difference")
    show_only(page, "difference")
    expect(pane).to_have_attribute("data-difference", "")
    rows, columns = np.nonzero(marks(page, pane) > 8)
    scale, x, y = placed(pane)
    wanted = [PLACE[1].start * SMALL * scale + x, PLACE[0].start * SMALL * scale + y]
    wanted += [PLACE[1].stop * SMALL * scale + x, PLACE[0].stop * SMALL * scale + y]
    seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert np.abs(np.array(seen) - wanted).max() <= SMALL * scale, "the picture is coarse and smoothed"


def test_one_map_is_shown_at_a_time(page, worker):
    finish(worker)
    boxes = {name: page.locator(f'[data-shown="{name}"]') for name in ("heat", "difference")}
    boxes["difference"].check()
    boxes["heat"].check()
    expect(boxes["difference"]).not_to_be_checked()
    boxes["difference"].check()
    expect(boxes["heat"]).not_to_be_checked()
    boxes["difference"].uncheck()
    expect(boxes["heat"]).not_to_be_checked()


def test_a_held_key_shows_it(page, worker):
    """Shift may be let go before the key."""
    finish(worker)
    expect(page.locator('[data-shown="difference"]')).to_be_enabled()
    show_only(page)
    pane = pane_of(page)
    without = canvas(pane)
    for first, last in (("Shift", "Q"), ("Q", "Shift")):
        page.keyboard.down("Shift")
        page.keyboard.down("Q")
        expect(pane).to_have_attribute("data-difference", "")
        page.wait_for_function("document.querySelector('[data-peek]').dataset.peek === 'difference'")
        assert ink(page, '.pane[data-view="RCC"]') > 0
        page.keyboard.up(first)
        page.keyboard.up(last)
        page.wait_for_function("document.querySelector('[data-peek]').dataset.peek === ''")
        assert np.array_equal(canvas(pane), without)


def test_the_films_read_anew_without_the_comparison_lose_it(page, worker, study, picture):
    finish(worker)
    page.locator('[data-shown="difference"]').check()
    expect(pane_of(page)).to_have_attribute("data-difference", "")
    study.add(picture(3), view="MLO", laterality="R", name="third.png")
    worker.compare()
    expect(pane_of(page)).not_to_have_attribute("data-difference", "")
    expect(page.locator('[data-shown="difference"]')).to_be_disabled()
