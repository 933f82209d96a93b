"""What the system found, drawn onto the picture itself, pixel on pixel."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lobule.contracts.result import Box, Finding
from report.palette import FINDINGS, INK, RGB, WASH
from report.typeface import length, write

RGB8 = NDArray[np.uint8]

HEAT_OPACITY = 0.62
TINT_OPACITY = 0.22
_SHIFT = 4  # fractional bits of OpenCV's drawing coordinates


@cache
def heat_colours() -> RGB8:
    """Colours of strengths 0 to 255, shape (256, 3): viridis, uniform to the eye, safe for colour-blind."""
    ramp = np.arange(256, dtype=np.uint8)[None, :]
    return cv2.cvtColor(cv2.applyColorMap(ramp, cv2.COLORMAP_VIRIDIS), cv2.COLOR_BGR2RGB)[0]


def heat_stops(count: int = 12) -> list[RGB]:
    """The heat map's colours, weak to strong, as they look over light tissue: for legends."""
    strength = np.linspace(0, 255, count).round().astype(np.uint8)
    return [tuple(colour) for colour in blend_heat(np.full((1, count, 3), WASH, np.uint8), strength[None])[0].tolist()]


def blend_heat(picture: RGB8, heat: NDArray[np.uint8]) -> RGB8:
    """Lay a heat map over a picture; the stronger, the more opaque, and nothing where there is no evidence.

    Args:
        picture: uint8, (height, width, 3).
        heat: uint8, (height, width).

    Returns:
        A new array like `picture`.
    """
    alpha = (heat[:, :, None].astype(np.uint16) * round(HEAT_OPACITY * 256)) >> 8
    mixed = picture * (255 - alpha) + heat_colours()[heat] * alpha + 127
    return (mixed // 255).astype(np.uint8)


def draw_findings(picture: RGB8, findings: list[Finding], tags: list[str], scale: tuple[float, float]) -> RGB8:
    """Draw each finding's box, outline and tag.

    Args:
        picture: uint8, (height, width, 3), the display image.
        findings: In image pixels.
        tags: What to write beside each finding.
        scale: Display pixels per image pixel, (x, y).

    Returns:
        A new array like `picture`.
    """
    drawn = picture.copy()
    weight = max(2, round(min(picture.shape[:2]) / 400))
    for finding in findings:
        colour = FINDINGS[finding.label]
        _stroke(drawn, box_on_display(finding.box, scale), colour, weight)
        if finding.outline:
            outline = outline_on_display(finding.outline, scale)
            inside = cv2.fillPoly(np.zeros(picture.shape[:2], np.uint8), [np.rint(outline).astype(np.int32)], 255)
            tinted = cv2.addWeighted(drawn, 1 - TINT_OPACITY, np.full_like(drawn, colour), TINT_OPACITY, 0)
            np.copyto(drawn, tinted, where=inside[:, :, None] > 0)
            _stroke(drawn, outline, colour, weight)
    return _write_tags(drawn, findings, tags, scale)


def outline_on_display(outline: list[tuple[float, float]], scale: tuple[float, float]) -> NDArray[np.float64]:
    """Outline vertices in display pixels, shape (n, 2). Whole numbers are centres of pixels."""
    return (np.asarray(outline, dtype=np.float64) + 0.5) * np.asarray(scale) - 0.5


def box_on_display(box: Box, scale: tuple[float, float]) -> NDArray[np.float64]:
    """Corners of the outermost pixels that a box covers on the display, shape (4, 2)."""
    left, top = box.x * scale[0], box.y * scale[1]
    right, bottom = (box.x + box.width) * scale[0] - 1, (box.y + box.height) * scale[1] - 1
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], dtype=np.float64)


def _stroke(picture: RGB8, vertices: NDArray[np.float64], colour: RGB, weight: int) -> None:
    """A closed line with a dark rim, so that it shows on light tissue and on dark film alike."""
    fixed = np.rint(vertices * (1 << _SHIFT)).astype(np.int32)[:, None, :]
    cv2.polylines(picture, [fixed], True, INK, weight + 2, cv2.LINE_AA, _SHIFT)
    cv2.polylines(picture, [fixed], True, colour, weight, cv2.LINE_AA, _SHIFT)


def _write_tags(picture: RGB8, findings: list[Finding], tags: list[str], scale: tuple[float, float]) -> RGB8:
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    size = max(13, round(min(picture.shape[:2]) / 42))
    margin = size // 3
    for finding, tag in zip(findings, tags, strict=True):
        corners = box_on_display(finding.box, scale)
        width, height = round(length(tag, size, "Semibold")) + 2 * margin, size + 2 * margin
        x = min(max(0, round(corners[0, 0])), max(0, image.width - width))
        above = round(corners[0, 1]) - height - 2
        y = above if above >= 0 else min(round(corners[2, 1]) + 3, image.height - height)
        draw.rounded_rectangle((x, y, x + width, y + height), radius=margin, fill=FINDINGS[finding.label], outline=INK)
        write(draw, (x + margin, y + height / 2), tag, size, "Semibold", INK)
    return np.asarray(image)
