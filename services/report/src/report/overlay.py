"""Draws heat map and findings onto the display image."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lobule.contracts.findings import CALCIFICATION
from lobule.contracts.result import Box, Finding
from lobule.imaging.marks import CALCIFICATION_SIGN, cut_corners
from report.palette import HEAT, INK, READER, RGB, WASH
from report.shapes import fill, stroke
from report.tags import Place, TagPlaces, leader
from report.typeface import length, write

RGB8 = NDArray[np.uint8]

HEAT_OPACITY = 0.62
TINT_OPACITY = 0.22
_TAGS = 1 / 42  # of the picture's shorter side: the height of a tag's letters
_SMALL_TAGS = 1 / 18  # the same on a picture that is shown a few centimetres high
_OPACITIES = [(strength * round(HEAT_OPACITY * 256)) >> 8 for strength in range(256)]


def heat_stops(count: int = 12) -> list[RGB]:
    """The colours of the heat map over light tissue, from weak to strong, for legends."""
    strength = np.linspace(0, 255, count).round().astype(np.uint8)
    return [tuple(colour) for colour in blend_heat(np.full((1, count, 3), WASH, np.uint8), strength[None])[0].tolist()]


def blend_heat(picture: RGB8, heat: NDArray[np.uint8]) -> RGB8:
    """Blend a heat map over a picture: stronger evidence is more opaque, no evidence is transparent.

    Args:
        picture: uint8, (height, width, 3).
        heat: uint8, (height, width).

    Returns:
        A new array like `picture`.
    """
    coloured = Image.fromarray(heat)
    opacity = coloured.point(_OPACITIES)
    coloured.putpalette(HEAT)
    return np.asarray(Image.composite(coloured.convert("RGB"), Image.fromarray(picture), opacity))


@dataclass(frozen=True)
class Mark:
    """How a finding is shown.

    Attributes:
        colour: Colour of the lines and of the tag's background.
        tag: Text beside the finding.
    """

    colour: RGB
    tag: str


def draw_findings(
    picture: RGB8,
    findings: list[Finding],
    marks: list[Mark],
    scale: tuple[float, float],
    *,
    small: bool = False,
    places: TagPlaces | None = None,
) -> RGB8:
    """Draw each finding's box, outline and tag.

    Args:
        picture: uint8, (height, width, 3), the display image.
        findings: Findings, in image pixels.
        marks: How to show each finding.
        scale: Display pixels per image pixel, (x, y).
        small: Whether the picture is shown a few centimetres high: one unfilled line for each finding, and large tags.
        places: Receives the places of the tags; None for those of a picture without others.

    Returns:
        A new array like `picture`.
    """
    image = Image.fromarray(picture)
    weight = max(2, round(min(picture.shape[:2]) / (160 if small else 400)))
    for finding, mark in zip(findings, marks, strict=True):
        colour = mark.colour
        if not (small and finding.outline):
            _rimmed_stroke(image, _frame_on_display(finding, scale), colour, weight)
        if finding.outline:
            outline = outline_on_display(finding.outline, scale)
            if not small:
                fill(image, outline, colour, TINT_OPACITY)
            _rimmed_stroke(image, outline, colour, weight)
    _write_tags(image, findings, marks, scale, _SMALL_TAGS if small else _TAGS, places)
    return np.asarray(image)


def draw_outline(
    cutout: RGB8, finding: Finding, colour: RGB, scale: tuple[float, float], origin: tuple[int, int], zoom: float
) -> RGB8:
    """Draw a finding's outline, or its box where it has none, onto a part of the display image.

    Args:
        cutout: uint8, (height, width, 3).
        finding: Finding, in image pixels.
        colour: Colour of the line.
        scale: Display pixels per image pixel, (x, y).
        origin: Upper left corner of the part on the display image, (x, y).
        zoom: Pixels of the part per display pixel.

    Returns:
        A new array like `cutout`.
    """
    whole = outline_on_display(finding.outline, scale) if finding.outline else _frame_on_display(finding, scale)
    image = Image.fromarray(cutout)
    _rimmed_stroke(image, (whole - origin + 0.5) * zoom - 0.5, colour, 2)
    return np.asarray(image)


def draw_reader(
    picture: RGB8,
    findings: list[Finding],
    tags: list[str],
    scale: tuple[float, float],
    origin: tuple[int, int] = (0, 0),
    zoom: float = 1.0,
    places: TagPlaces | None = None,
) -> RGB8:
    """Draw the findings of readers with a double line in a separate colour, to tell them from the system's.

    Args:
        picture: uint8, (height, width, 3), the display image or a part of it.
        findings: Findings, in image pixels.
        tags: Letter beside each finding; empty for a part.
        scale: Display pixels per image pixel, (x, y).
        origin: Upper left corner of the part on the display image, (x, y).
        zoom: Pixels of the part per display pixel.
        places: Places of the existing tags; receives those of the new ones.

    Returns:
        A new array like `picture`.
    """
    image = Image.fromarray(picture)
    weight = max(4, round(min(picture.shape[:2]) / 200))
    for finding in findings:
        whole = outline_on_display(finding.outline, scale) if finding.outline else box_on_display(finding.box, scale)
        line = (whole - origin + 0.5) * zoom - 0.5
        _rimmed_stroke(image, line, READER, weight)
        stroke(image, line, INK, max(1, weight // 3))
    if tags:
        _write_tags(image, findings, [Mark(READER, tag) for tag in tags], scale, _SMALL_TAGS, places)
    return np.asarray(image)


def outline_on_display(outline: list[tuple[float, float]], scale: tuple[float, float]) -> NDArray[np.float64]:
    """Outline vertices in display pixels, shape (n, 2). Whole numbers are centres of pixels."""
    return (np.asarray(outline, dtype=np.float64) + 0.5) * np.asarray(scale) - 0.5


def _frame_on_display(finding: Finding, scale: tuple[float, float]) -> NDArray[np.float64]:
    """The box of a finding on the display; that of calcifications has no corners."""
    corners = box_on_display(finding.box, scale)
    return cut_corners(corners) if finding.label == CALCIFICATION else corners


def box_on_display(box: Box, scale: tuple[float, float]) -> NDArray[np.float64]:
    """Corners of the outermost pixels that a box covers on the display, shape (4, 2)."""
    left, top = box.x * scale[0], box.y * scale[1]
    right, bottom = (box.x + box.width) * scale[0] - 1, (box.y + box.height) * scale[1] - 1
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], dtype=np.float64)


def _rimmed_stroke(image: Image.Image, vertices: NDArray[np.float64], colour: RGB, weight: int) -> None:
    """Draw a closed line with a dark rim, which is visible on light tissue and on dark film."""
    stroke(image, vertices, INK, weight + 2)
    stroke(image, vertices, colour, weight)


def _write_tags(
    image: Image.Image,
    findings: list[Finding],
    marks: list[Mark],
    scale: tuple[float, float],
    share: float,
    places: TagPlaces | None,
) -> None:
    draw = ImageDraw.Draw(image)
    size = max(13, round(min(image.size) * share))
    margin = size // 3
    places = places or TagPlaces(image.width, image.height)
    placed: list[tuple[Mark, Place]] = []
    for finding, mark in zip(findings, marks, strict=True):
        corners = box_on_display(finding.box, scale).round().astype(int)
        box = Place(*corners[0].tolist(), *corners[2].tolist())
        if finding.label == CALCIFICATION:
            mark = replace(mark, tag=f"{CALCIFICATION_SIGN} {mark.tag}")
        tag = places.take(box, round(length(mark.tag, size, "Semibold")) + 2 * margin, size + 2 * margin)
        placed.append((mark, tag))
        if line := leader(box, tag):
            draw.line(line, fill=INK, width=max(3, size // 5))
            draw.line(line, fill=mark.colour, width=max(1, size // 10))
    for mark, tag in placed:  # over all lines
        draw.rounded_rectangle(tag, radius=margin, fill=mark.colour, outline=INK)
        write(draw, (tag.left + margin, (tag.top + tag.bottom) / 2), mark.tag, size, "Semibold", INK)
