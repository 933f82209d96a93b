"""Reads a film's pane in tests."""

import base64
import re
from functools import reduce

import cv2
import numpy as np
from playwright.sync_api import expect

OVERLAYS = ("boxes", "outlines", "tags", "heat", "difference")


def show_only(page, *names):
    for name in OVERLAYS:
        page.locator(f'[data-shown="{name}"]').set_checked(name in names)


def reach(page, target):
    """Move the focus with Tab to an element, or into it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if target.evaluate("element => element.contains(document.activeElement)"):
            return
    raise AssertionError("Tab does not lead there")


def pane_of(page):
    pane = page.locator('.pane[data-view="RCC"]')
    expect(pane).to_have_attribute("data-scale", re.compile("."))
    return pane


# The pixels of panes after painting, which a worker does; the picture appears some frames later.
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
    """The number of coloured pixels on films, which are those of marks."""
    return page.locator(selector).evaluate_all(INK)


def canvas(pane) -> np.ndarray:
    """The painted pixels of a pane, RGBA."""
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
    """The change of a film's pixels by its overlays, measured by holding the key that hides them.

    Films are painted outside the page's main thread, shortly after the page states what they show, so the picture
    must be the same before and after.
    """
    for _ in range(20):
        over = canvas(pane)
        page.keyboard.down("h")
        below = canvas(pane)
        page.keyboard.up("h")
        # A film has millions of pixels, for which OpenCV needs a twentieth of NumPy's time with wide integers.
        changed = reduce(np.maximum, cv2.split(cv2.absdiff(over, below)))
        if changed.any() and np.array_equal(canvas(pane), over):
            break
        page.wait_for_timeout(100)
    return changed.astype(int)


def placed(pane, ratio=1.0) -> tuple[float, float, float]:
    """Scale and offset of the film in a pane, in device pixels."""
    return tuple(ratio * float(pane.get_attribute(f"data-{name}")) for name in ("scale", "x", "y"))


def follows(drawn: np.ndarray, known: np.ndarray, reach: int, error: int) -> bool:
    """Whether a line with this reach to both sides follows a curve within an error, in pixels of the screen."""

    def widened(line: np.ndarray, by: int) -> np.ndarray:
        return cv2.dilate(line, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1)))

    return bool(np.all(drawn <= widened(known, reach + error)) and np.all(known <= widened(drawn, error)))
