"""What tests read from a film's pane."""

import base64
import re
from functools import reduce

import cv2
import numpy as np
from playwright.sync_api import expect

OVERLAYS = ("boxes", "outlines", "heat", "tags")


def show_only(page, *names):
    for name in OVERLAYS:
        page.locator(f'[data-shown="{name}"]').set_checked(name in names)


def reach(page, target):
    """Go with Tab to an element, or to what lies within it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if target.evaluate("element => element.contains(document.activeElement)"):
            return
    raise AssertionError("Tab does not lead there")


def pane_of(page):
    pane = page.locator('.pane[data-view="RCC"]')
    expect(pane).to_have_attribute("data-scale", re.compile("."))
    return pane


# What is painted on panes, once that is done: a worker does it, and a picture is shown some frames later.
PAINTED = """async (panes) => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const busy = () => panes.some((pane) => pane.hasAttribute('data-painting'));
    for (let rest = 4; rest; rest = busy() ? 4 : rest - 1) await frame();
    return panes.map((pane) => {
        const sizes = [pane.clientWidth, pane.clientHeight];
        const [width, height] = sizes.map((size) => Math.round(size * devicePixelRatio));
        const context = new OffscreenCanvas(width, height).getContext('2d');
        context.drawImage(pane.querySelector('canvas.image'), 0, 0, width, height);
        return context.getImageData(0, 0, width, height);
    });
}"""
INK = f"""async (panes) => {{
    let sum = 0;
    for (const {{ data }} of await ({PAINTED})(panes))
        for (let at = 0; at < data.length; at += 4) if (Math.abs(data[at] - data[at + 2]) > 40) sum += 1;
    return sum;
}}"""


def ink(page, selector=".pane:not([hidden])") -> int:
    """How many pixels of films are in colour: marks are."""
    return page.locator(selector).evaluate_all(INK)


def canvas(pane) -> np.ndarray:
    """What is painted on a pane, RGBA."""
    url = pane.evaluate(
        f"""async (pane) => {{
            const [picture] = await ({PAINTED})([pane]);
            const canvas = document.createElement('canvas');
            [canvas.width, canvas.height] = [picture.width, picture.height];
            canvas.getContext('2d').putImageData(picture, 0, 0);
            return canvas.toDataURL('image/png');
        }}"""
    )
    png = np.frombuffer(base64.b64decode(url.partition(",")[2]), np.uint8)
    return cv2.cvtColor(cv2.imdecode(png, cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA)


def marks(page, pane) -> np.ndarray:
    """By how much what lies over a film changes it: the key that hides it is held for a moment.

    Films are painted beside the page, a moment after it says what they show.
    """
    for _ in range(20):
        over = canvas(pane)
        page.keyboard.down("h")
        below = canvas(pane)
        page.keyboard.up("h")
        # A film has millions of pixels: OpenCV takes a twentieth of NumPy's time for wide integers.
        changed = reduce(np.maximum, cv2.split(cv2.absdiff(over, below)))
        if changed.any():
            break
        page.wait_for_timeout(100)
    return changed.astype(int)


def placed(pane, ratio=1.0) -> tuple[float, float, float]:
    """Scale and offset of the film in a pane, in device pixels."""
    return tuple(ratio * float(pane.get_attribute(f"data-{name}")) for name in ("scale", "x", "y"))


def follows(drawn: np.ndarray, known: np.ndarray, reach: int, error: int) -> bool:
    """Whether a line that reaches so far to both sides follows a curve, but for an error; in pixels of the screen."""

    def widened(line: np.ndarray, by: int) -> np.ndarray:
        return cv2.dilate(line, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1)))

    return bool(np.all(drawn <= widened(known, reach + error)) and np.all(known <= widened(drawn, error)))
