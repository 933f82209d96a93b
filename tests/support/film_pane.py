"""What tests read from a film's pane."""

import base64
import re

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


def canvas(page, pane, name) -> np.ndarray:
    """What is drawn on one of a pane's canvases, RGBA."""
    page.wait_for_timeout(120)  # the next frame
    url = pane.evaluate("(pane, name) => pane.querySelector(`canvas.${name}`).toDataURL('image/png')", name)
    png = np.frombuffer(base64.b64decode(url.partition(",")[2]), np.uint8)
    return cv2.cvtColor(cv2.imdecode(png, cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA)


def placed(pane, ratio=1.0) -> tuple[float, float, float]:
    """Scale and offset of the film in a pane, in device pixels."""
    return tuple(ratio * float(pane.get_attribute(f"data-{name}")) for name in ("scale", "x", "y"))


def follows(drawn: np.ndarray, known: np.ndarray, reach: int, error: int) -> bool:
    """Whether a line that reaches so far to both sides follows a curve, but for an error; in pixels of the screen."""

    def widened(line: np.ndarray, by: int) -> np.ndarray:
        return cv2.dilate(line, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1)))

    return bool(np.all(drawn <= widened(known, reach + error)) and np.all(known <= widened(drawn, error)))
