"""Every tool of the viewer in a real Chromium, in pixels and millimetres: one page with two films of known spacing."""

import gzip
import math
import re

import numpy as np
import pytest
from playwright.sync_api import expect
from viewer_tools import (
    HEIGHT,
    LESION,
    SPACING,
    WIDTH,
    WRITTEN,
    Hand,
    breast,
    film,
    last_written,
    painted,
    placed,
    seen,
    show_boxes,
    take,
)

from lobule.contracts.pictures import PictureFacts, Samples
from lobule.contracts.result import Box, Finding

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(logged_in, study, app, picture):
    """The reading page with both films in full depth; a machine that is busy needs no second one."""
    for number, (view, mm) in enumerate(SPACING.items()):
        grey = film(view)
        findings = [Finding(label="mass", probability=0.9, box=Box(x=300, y=300, width=60, height=60))]
        display = (grey[::2, ::2] / 16).astype(np.uint8)
        image = study.add(
            picture(90 + number),
            findings,
            laterality=view[0],
            view="CC",
            display=display,
            spacing=(mm, mm),
            breast=breast(view),
            plane="detector",
        )
        samples = Samples(width=WIDTH, height=HEIGHT, offset=-1000, step=2, low=0, high=4000)
        facts = PictureFacts(width=WIDTH, height=HEIGHT, bits=12, samples=samples)
        app.state.store.put(f"images/{image}/film/samples.u16", gzip.compress(grey.astype("<u2").tobytes()))
        app.state.store.put(f"images/{image}/film/facts.json", facts.model_dump_json().encode())
    page = logged_in(study.url, viewport={"width": 1440, "height": 900})
    for view in SPACING:
        expect(page.locator(f'.pane[data-view="{view}"] [data-role="depth"]')).to_have_text("12 bit")
    show_boxes(page, shown=False)
    return page


def test_every_tool(opened):
    page = opened
    page.evaluate(WRITTEN)
    right, left = Hand(page, "RCC"), Hand(page, "LCC")

    # One scale in mm for both films.
    assert placed(right.pane)[0] / SPACING["RCC"] == pytest.approx(placed(left.pane)[0] / SPACING["LCC"], rel=1e-6)
    bars = [hand.pane.locator(".scale") for hand in (right, left)]
    for bar in bars:
        expect(bar).to_be_visible()  # it is away while a film changes its size
    assert bars[0].inner_text() == bars[1].inner_text()
    assert bars[0].inner_text().endswith(" mm on the detector"), "their spacing is not that in the breast"
    words = bars[1].evaluate(
        "bar => { const r = new Range(); r.selectNodeContents(bar); return r.getBoundingClientRect().right }"
    )
    assert words <= left.pane.bounding_box()["x"] + left.pane.bounding_box()["width"], "within its pane"
    gap = bars[1].evaluate(
        """bar => {
            const words = new Range();
            words.selectNodeContents(bar);
            return bar.getBoundingClientRect().top - words.getBoundingClientRect().bottom;
        }"""
    )
    assert gap >= 0, "no tick crosses the words, which are longer than the bar"
    length = float(bars[0].inner_text().split()[0])
    assert bars[0].bounding_box()["width"] == pytest.approx(length * placed(right.pane)[0] / SPACING["RCC"], abs=1)

    # Linked zoom and pan show the same anatomy, to half a millimetre.
    x, y = right.at(*LESION["RCC"])
    page.mouse.move(x, y)
    page.mouse.wheel(0, -700)
    page.wait_for_timeout(150)
    right.drag(LESION["RCC"], right.middle())
    page.wait_for_timeout(150)
    assert right.middle() == pytest.approx(LESION["RCC"], abs=1.5)
    assert left.from_nipple() == pytest.approx(right.from_nipple(), abs=0.5)
    assert left.middle() == pytest.approx(LESION["LCC"], abs=12)
    page.locator('.rail [data-act="link"]').click()
    before = left.middle()
    page.mouse.move(*right.at(*LESION["RCC"]))
    page.mouse.wheel(0, 300)
    page.wait_for_timeout(150)
    assert left.middle() == before
    page.locator('.rail [data-act="link"]').click()
    page.locator('.rail [data-act="reset"]').click()
    page.wait_for_timeout(150)

    # Zoom by dragging: what is under the hand stays there.
    take(page, "zoom")
    scale, *_ = placed(right.pane)
    x, y = right.at(450, 400)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 80, steps=4)
    page.mouse.up()
    page.wait_for_timeout(150)
    assert placed(right.pane)[0] == pytest.approx(scale * 1.01**80, rel=1e-3)
    assert right.at(450, 400) == pytest.approx((x, y), abs=1)
    page.locator('.rail [data-act="reset"]').click()
    page.wait_for_timeout(150)

    # Window by dragging: up is brighter, on both films.
    take(page, "window")
    dark = [hand.grey(300, 420) for hand in (right, left)]
    right.drag((400, 500), (400, 400))
    assert all(hand.grey(300, 420) > old + 5 for hand, old in zip((right, left), dark, strict=True))
    page.locator('.rail [data-act="reset"]').click()
    page.wait_for_timeout(150)
    assert [hand.grey(300, 420) for hand in (right, left)] == dark

    # Presets: the film's own, tissue, dense, inverted.
    preset = page.get_by_label("Window", exact=True)
    names = ["The film's window", "Breast tissue", "Dense tissue", "Inverted"]
    assert preset.locator("option").all_inner_texts() == names
    preset.select_option("Breast tissue")
    assert right.grey(500, 420) - right.grey(300, 420) > 60, "the whole range of greys for the tissue"
    preset.select_option("Inverted")
    assert right.grey(300, 420) == 255 - dark[0]
    preset.select_option("The film's window")

    # Ruler, ellipse and angle: to a tenth of a millimetre, also after the film was zoomed and turned.
    page.keyboard.press("t")
    right.pane.locator("canvas.measures").wait_for(
        state="attached"
    )  # the tools that draw are fetched when they are wanted
    right.drag((300, 350), (400, 450))
    known = math.hypot(100, 100) * SPACING["RCC"]
    pixel = SPACING["RCC"] / placed(right.pane)[0]
    assert pixel < 0.1
    said = last_written(page, r"^[\d.]+ mm on the detector$")
    assert float(said.split()[0]) == pytest.approx(known, abs=0.1)
    page.locator('.rail [data-act="flip"]').click()
    page.locator('.rail [data-act="rotate"]').click()
    page.wait_for_timeout(150)
    page.evaluate("window.written = []")
    page.keyboard.press("+")
    assert last_written(page, r"^[\d.]+ mm on the detector$") == said, (
        "a measure belongs to the film, not to the screen"
    )
    expect(right.pane.locator('[data-role="chips"]')).to_have_text("Turned by you")
    page.locator('.rail [data-act="reset"]').click()
    page.wait_for_timeout(150)
    take(page, "ellipse")
    left.drag((100, 300), (220, 460))
    said = last_written(page, "mm² on the detector$")
    width, height, area = map(float, re.findall(r"[\d.]+", said)[:3])
    assert (width, height) == pytest.approx((6, 8), abs=0.1)
    assert area == pytest.approx(math.pi / 4 * width * height, rel=0.02)
    take(page, "ruler")
    left.drag((100, 600), (200, 600))
    said = last_written(page, r"^[\d.]+ mm on the detector$")
    assert float(said.split()[0]) == pytest.approx(100 * SPACING["LCC"], abs=0.1)
    page.keyboard.press("Delete")
    take(page, "angle")
    left.drag((100, 500), (200, 500))
    page.mouse.move(*left.at(200, 600), steps=3)
    page.mouse.down()
    page.mouse.up()
    assert float(last_written(page, "°").rstrip("°")) == pytest.approx(90, abs=1)
    page.keyboard.press("Delete")
    page.evaluate("window.written = []")
    page.keyboard.press("+")
    last_written(page, "mm²")
    assert not [text for text in page.evaluate("window.written") if "°" in text]
    page.locator('.rail [data-act="reset"]').click()
    page.wait_for_timeout(150)

    # The stored value: in the file's own units, at the pixel below the pointer.
    take(page, "value")
    x, y = LESION["RCC"]
    page.mouse.move(*right.at(x + 0.5, y + 0.5))
    last_written(page, rf"^{-1000 + 2 * 3000} at \({x}, {y}\)$")

    # The magnifier enlarges what is below the pointer, and the wheel enlarges the magnifier.
    take(page, "magnify")
    page.mouse.move(*right.at(x, y))
    assert last_written(page, r"^[\d.]+×$") == "2.5×"
    page.wait_for_timeout(150)

    def bright():
        shown = seen(page, right.pane)
        px, py = (round(value) for value in np.array(placed(right.pane)[1:]) + placed(right.pane)[0] * np.array([x, y]))
        return int((shown[py, px - 70 : px + 70, 0] > 170).sum())

    wide = bright()
    assert wide == pytest.approx(12 * placed(right.pane)[0] * 2.5, abs=4)
    page.mouse.wheel(0, -600)
    page.wait_for_timeout(150)
    assert bright() > 1.3 * wide

    # Local contrast and edges are shown as such, and change what is seen.
    page.keyboard.press("d")
    page.mouse.move(5, 5)  # a pane below the pointer shows what can be corrected
    painted(page)
    before = seen(page, right.pane)
    page.keyboard.press("Shift+C")
    page.locator('.rail [data-act="edges"]').click()
    expect(right.pane.locator('[data-role="chips"]')).to_have_text("CLAHE on · Edges on")
    assert np.abs(seen(page, right.pane) - before).max() > 20
    page.keyboard.press("r")
    expect(right.pane.locator('[data-role="chips"]')).to_have_text("")
    page.mouse.move(5, 5)
    painted(page)
    assert np.array_equal(seen(page, right.pane), before)

    # Marks go and heat comes only as long as a key is held.
    show_boxes(page, shown=True)
    with_marks = seen(page, right.pane)
    assert not np.array_equal(with_marks, before)
    page.locator("body").evaluate("() => document.activeElement.blur()")
    page.keyboard.down("h")
    assert np.array_equal(seen(page, right.pane), before)
    page.keyboard.up("h")
    assert np.array_equal(seen(page, right.pane), with_marks)

    # By keyboard alone: points in the middle of the film, which the arrows move.
    page.keyboard.press("t")
    right.pane.focus()
    page.evaluate("window.written = []")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    said = last_written(page, r"^[1-9][\d.]* mm on the detector$")  # the open end is where the next point would be
    assert float(said.split()[0]) == pytest.approx(60 * SPACING["RCC"] / placed(right.pane)[0], abs=0.1)
    page.keyboard.press("Enter")
    for dropped_by in ("Escape", "d"):  # a measure without an end followed the pointer with any other tool
        page.keyboard.press("t")
        page.keyboard.press("Enter")
        page.keyboard.press(dropped_by)
        page.evaluate("window.written = []")
        page.keyboard.press("ArrowDown")
        assert last_written(page, r" mm on the detector$") == said
        assert not [text for text in page.evaluate("window.written") if text.startswith("0.0")]

    # Two fingers zoom, what is between them stays there; one finger uses the tool in hand.
    page.keyboard.press("r")
    page.wait_for_timeout(150)
    fingers = page.context.new_cdp_session(page)

    def touch(kind, *points):
        places = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    x, y = right.at(400, 400)
    before, middle = placed(right.pane)[0], (400, 400)
    touch("touchStart", (x - 40, y), (x + 40, y))
    for reach in (55, 70, 80):
        touch("touchMove", (x - reach, y), (x + reach, y))
    touch("touchEnd")
    page.wait_for_timeout(150)
    assert placed(right.pane)[0] == pytest.approx(2 * before, rel=0.05)
    assert right.at(*middle) == pytest.approx((x, y), abs=8)
    take(page, "window")
    dark, scale = right.grey(400, 420), placed(right.pane)[0]
    touch("touchStart", (x, y))
    touch("touchMove", (x, y - 40))
    touch("touchMove", (x, y - 100))
    touch("touchEnd")
    assert right.grey(400, 420) > dark + 5
    assert placed(right.pane)[0] == scale, "the film stays where it is"
    # A finger that rests hides the marks until it is lifted, and chooses nothing.
    panes = page.locator(".panes")
    touch("touchStart", (x, y))
    expect(panes).to_have_attribute("data-peek", "marks")
    touch("touchEnd")
    expect(panes).to_have_attribute("data-peek", "")
    expect(page.locator(".findings [data-chosen]")).to_have_count(0)
    touch("touchStart", (x, y))
    expect(panes).to_have_attribute("data-peek", "marks")
    touch("touchMove", (x, y - 40))
    expect(panes).to_have_attribute("data-peek", "")
    touch("touchEnd")

    # The whole screen, and back.
    page.keyboard.press("Shift+Z")
    page.wait_for_function("() => document.fullscreenElement !== null")
    page.keyboard.press("Shift+Z")
    page.wait_for_function("() => document.fullscreenElement === null")
