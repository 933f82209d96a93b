"""How often the reading page asks the gateway before four films are there in full depth."""

import gzip
import struct

import numpy as np
import pytest
from played_worker import png
from playwright.sync_api import expect

from lobule.contracts.pictures import FilmOverview, PictureFacts, Samples
from lobule.layout import OVERVIEW_FILE

pytestmark = pytest.mark.browser

VIEWS = [(side, view) for view in ("CC", "MLO") for side in "RL"]
WIDTH, HEIGHT = 600, 800  # of the film that `study` draws
MOST = 20


def overview() -> bytes:
    """A film in 12 bits, as the report service leaves it."""
    samples = Samples(width=WIDTH, height=HEIGHT, offset=0, step=1, low=0, high=4095)
    facts = PictureFacts(width=WIDTH, height=HEIGHT, bits=12, samples=samples)
    head = FilmOverview(facts=facts, width=WIDTH, height=HEIGHT).model_dump_json().encode()
    head += b" " * (len(head) % 2)
    return struct.pack("<I", len(head)) + head + np.full((HEIGHT, WIDTH), 2000, "<u2").tobytes()


@pytest.fixture
def opened(logged_in, study, masses, app):
    """Opens the case of a patient in a new tab; gives what was asked for until all films are there."""
    for number, (side, view) in enumerate(VIEWS):
        image = study.add(png(120 + number), masses, laterality=side, view=view)
        app.state.store.put(f"images/{image}/film/{OVERVIEW_FILE}", gzip.compress(overview()))
    study.fail_together()

    def opened() -> list[str]:
        page = logged_in("/help", viewport={"width": 1440, "height": 900})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
        page.goto(study.url)
        for side, view in VIEWS:
            expect(page.locator(f'.pane[data-view="{side}{view}"] [data-role="depth"]')).to_contain_text("12 bit")
        page.wait_for_load_state("networkidle")
        return asked

    return opened


def test_four_films_need_few_requests(opened):
    asked = opened()
    assert len([one for one in asked if one.endswith("/film/overview")]) == len(VIEWS)
    assert len(asked) <= MOST, asked


def test_nothing_is_asked_that_the_page_was_sent_with(opened):
    """Who reads the case stands in the page, and so does that there is no earlier examination."""
    asked = opened()
    assert [one for one in asked if one.endswith(("/priors", "/reader"))] == []


def test_what_fetches_the_next_case_is_loaded_once_the_reader_acts(study, picture, masses, logged_in):
    study.add(picture(4), masses, laterality="R", view="CC")
    page = logged_in(study.url)
    page.locator("li.finding").first.wait_for()
    loaded = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/reading/ahead.js')).length"
    assert page.evaluate(loaded) == 0
    with page.expect_response(lambda response: "/reading/ahead.js" in response.url, timeout=20_000):
        page.keyboard.press("n")
    page.keyboard.press("n")
    assert page.evaluate(loaded) <= 1
