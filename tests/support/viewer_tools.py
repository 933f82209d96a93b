"""Drawn films, and helpers that use the viewer's tools."""

import io
import re

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from lobule.contracts.result import Box, BreastArea

WIDTH, HEIGHT = 600, 800


SPACING = {"RCC": 0.07, "LCC": 0.05}  # mm


LESION = {"RCC": (420, 360), "LCC": (102, 344)}  # the same distance from the nipple in mm in both breasts


TIP = {"RCC": (150, 400), "LCC": (480, 400)}


def film(view: str) -> np.ndarray:
    """Half an ellipse of tissue against the chest wall, with a bright square; in 12 bits."""
    across, down = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    from_wall = WIDTH - across if view == "RCC" else across
    reach = 450 if view == "RCC" else 480
    grey = np.where((from_wall / reach) ** 2 + ((down - 400) / 300) ** 2 < 1, 1500 - from_wall, 0)
    x, y = LESION[view]
    grey[y - 6 : y + 6, x - 6 : x + 6] = 3000
    return grey.astype(np.uint16)


def breast(view: str) -> BreastArea:
    """Where the tissue of `film` is, as the worker tells it."""
    x, y = TIP[view]
    left, right = (x, WIDTH) if view == "RCC" else (0, x)
    box = Box(x=max(0, left - 12), y=y - 312, width=right - left + 12, height=624)
    return BreastArea(box=box, tips=[(left, y), (right, y)])


def placed(pane) -> tuple[float, float, float]:
    """Scale and offset of the film in a pane."""
    scale, x, y = (float(pane.get_attribute(f"data-{name}")) for name in ("scale", "x", "y"))
    return scale, x, y


def seen(page, pane) -> np.ndarray:
    """The visible pixels of a pane, red, green and blue."""
    page.wait_for_timeout(150)  # the next frame
    pane.page.wait_for_function("pane => !pane.hasAttribute('data-painting')", arg=pane.element_handle())
    page.wait_for_timeout(50)  # painting ends before the picture is shown
    return np.asarray(Image.open(io.BytesIO(pane.screenshot())).convert("RGB")).astype(int)


def show_boxes(page, shown: bool) -> None:
    for name in ("boxes", "outlines", "tags"):
        page.locator(f'[data-shown="{name}"]').set_checked(shown)


class Hand:
    """A mouse on the film of a view, with positions in pixels of the film."""

    def __init__(self, page, view):
        self.page, self.view = page, view
        self.pane = page.locator(f'.pane[data-view="{view}"]')

    def at(self, x, y):
        scale, left, top = placed(self.pane)
        box = self.pane.bounding_box()
        return box["x"] + left + x * scale, box["y"] + top + y * scale

    def drag(self, *points):
        places = [self.at(*point) for point in points]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=3)
        self.page.mouse.up()

    def middle(self):
        """The point of the film in the middle of the pane."""
        scale, x, y = placed(self.pane)
        width, height = self.pane.evaluate("pane => [pane.clientWidth, pane.clientHeight]")
        return (width / 2 - x) / scale, (height / 2 - y) / scale

    def from_nipple(self):
        """The distance in mm of the pane's middle from the nipple: towards the chest wall, and down."""
        (x, y), (tip_x, tip_y) = self.middle(), TIP[self.view]
        inward = 1 if self.view == "RCC" else -1
        return (x - tip_x) * inward * SPACING[self.view], (y - tip_y) * SPACING[self.view]

    def grey(self, x, y):
        """The painted value at a point of the film."""
        scale, left, top = placed(self.pane)
        return int(seen(self.page, self.pane)[round(top + y * scale), round(left + x * scale), 0])


WRITTEN = """() => {
    window.written = [];
    const write = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (text, ...more) {
        window.written.push(text);
        return write.call(this, text, ...more);
    };
}"""


def painted(page):
    """Wait until all earlier actions have been painted."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def last_written(page, pattern):
    """The last text on a film that matches a pattern, after all earlier actions have been painted."""
    painted(page)
    for _ in range(100):
        found = [text for text in page.evaluate("window.written") if re.search(pattern, text)]
        if found:
            return found[-1]
        page.wait_for_timeout(50)
    raise AssertionError(f"nothing like {pattern}: {page.evaluate('window.written')}")


def take(page, tool):
    button = page.locator(f'.rail [data-tool="{tool}"]')
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
