"""The annotated picture: conclusion, picture with overlay, legend and scale of certainty on one sheet."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from report.catalogue import Catalogue
from report.overlay import RGB8, heat_stops
from report.palette import INK, LINE, MUTED, PAPER, RGB, STATES, WASH
from report.section import ImageSection
from report.shapes import fill
from report.typeface import can_write, length, write

MIN_WIDTH = 640


@dataclass(frozen=True)
class Sheet:
    """A drawn sheet.

    Attributes:
        image: uint8, (height, width, 3).
        picture: Where the picture lies on it: x, y of its upper left pixel. It is never scaled.
    """

    image: RGB8
    picture: tuple[int, int]


def draw_sheet(document: ImageSection, file_name: str, picture: RGB8, text: Catalogue) -> Sheet:
    """Set a picture with its overlay into a sheet that can stand alone.

    Args:
        document: What the report says.
        file_name: Named under the conclusion, where the font can write it.
        picture: uint8, (height, width, 3), overlay already drawn.
        text: The catalogue of the document's language.
    """
    height, width = picture.shape[:2]
    unit = max(1.0, min(2.5, width / 760))
    margin = round(28 * unit)
    sheet_width = max(MIN_WIDTH, width) + 2 * margin
    x, y = (sheet_width - width) // 2, margin + round(76 * unit)
    legend_top = y + height + round(16 * unit)
    scale_top = legend_top + (round(34 * unit) if document.has_heat_map else 0)
    footer_top = scale_top + round(112 * unit)
    sheet = Image.new("RGB", (sheet_width, footer_top + round(58 * unit)), PAPER)
    sheet.paste(WASH, (0, 0, sheet_width, y - round(14 * unit)))
    sheet.paste(STATES[document.assessment], (0, 0, round(8 * unit) + 1, y - round(14 * unit)))
    _frame(sheet, (x, y), picture)
    pen = _Pen(sheet, unit)
    if document.has_heat_map:
        _colour_bar(sheet, legend_top, margin, unit)
    marker = _scale_bar(sheet, document, scale_top, margin, unit)
    sheet.paste(LINE, (margin, footer_top, sheet_width - margin + 1, footer_top + 1))
    _write_header(pen, document, file_name, margin, sheet_width)
    if document.has_heat_map:
        _write_legend(pen, legend_top, margin, text)
    _write_scale(pen, document, scale_top, margin, marker, text)
    _write_footer(pen, document, footer_top, margin, text)
    return Sheet(np.asarray(sheet), (x, y))


def _frame(sheet: Image.Image, xy: tuple[int, int], picture: RGB8) -> None:
    """Set a picture onto the sheet, a line around it."""
    (x, y), (height, width) = xy, picture.shape[:2]
    sheet.paste(LINE, (x - 1, y - 1, x + width + 1, y + height + 1))
    sheet.paste(Image.fromarray(picture), xy)


class _Pen:
    """Writes text in sizes that grow with the sheet."""

    def __init__(self, sheet: Image.Image, unit: float) -> None:
        self._draw = ImageDraw.Draw(sheet)
        self.unit = unit
        self.width = sheet.width

    def length(self, words: str, size: float, weight: str) -> float:
        """Width of a line."""
        return length(words, round(size * self.unit), weight)

    def write(
        self,
        xy: tuple[float, float],
        words: str,
        size: float,
        weight: str = "Regular",
        colour: RGB = INK,
        anchor: str = "lm",
    ) -> float:
        """Write a line; returns its width."""
        return write(self._draw, xy, words, round(size * self.unit), weight, colour, anchor)

    def fit(self, words: str, size: float, weight: str, room: float) -> str:
        """`words`, cut with an ellipsis where they are wider than `room`."""
        if self.length(words, size, weight) <= room:
            return words
        while words and self.length(words + "…", size, weight) > room:
            words = words[:-1]
        return words + "…"

    def key(self, x: float, y: float, colour: RGB) -> None:
        """A small filled square, its left middle at (x, y)."""
        half = 6 * self.unit
        self._draw.rounded_rectangle((x, y - half, x + 2 * half, y + half), radius=2 * self.unit, fill=colour)


def _write_header(pen: _Pen, document: ImageSection, file_name: str, margin: int, width: int) -> None:
    unit, room = pen.unit, width - 2 * margin
    number = pen.write((width - margin, margin + 8 * unit), document.percent, 30, "Semibold", anchor="rm")
    pen.write(
        (margin, margin + 8 * unit),
        pen.fit(document.conclusion, 28, "Semibold", room - number),
        28,
        "Semibold",
    )
    parts = (
        [document.title, file_name, document.analysed] if can_write(file_name) else [document.title, document.analysed]
    )
    pen.write((margin, margin + 40 * unit), pen.fit("  ·  ".join(parts), 14, "Regular", room), 14, colour=MUTED)


def _colour_bar(sheet: Image.Image, top: int, margin: int, unit: float) -> None:
    """The heat map's colours as they look over a light ground, weak at the left."""
    left, width, height = _bar_left(sheet.width, margin, unit), round(220 * unit), round(14 * unit)
    bar = np.broadcast_to(np.array(heat_stops(width), np.uint8), (height, width, 3))
    _frame(sheet, (left, top + round(3 * unit)), np.ascontiguousarray(bar))


def _bar_left(sheet_width: int, margin: int, unit: float) -> int:
    return sheet_width - margin - round(268 * unit)


def _write_legend(pen: _Pen, top: int, margin: int, text: Catalogue) -> None:
    middle, left = top + 10 * pen.unit, _bar_left(pen.width, margin, pen.unit)
    pen.write((margin, middle), text("heat_map.legend"), 14, "Semibold")
    pen.write((left - 8 * pen.unit, middle), text("heat_map.weak"), 13, colour=MUTED, anchor="rm")
    pen.write((pen.width - margin, middle), text("heat_map.strong"), 13, colour=MUTED, anchor="rm")


def _scale_bar(sheet: Image.Image, document: ImageSection, top: int, margin: int, unit: float) -> int:
    """Draw zones and marker; returns the marker's x."""
    left, right = margin, sheet.width - margin
    bar_top, bar_bottom = top + round(44 * unit), top + round(58 * unit)
    for zone in document.zones:
        start, end = (round(left + edge * (right - left)) for edge in (zone.start, zone.end))
        sheet.paste(STATES[zone.assessment], (start, bar_top, end, bar_bottom + 1))
        if zone.start > 0:
            sheet.paste(PAPER, (start - 1, bar_top, start + 1, bar_bottom + 1))
    marker = round(left + document.probability * (right - left))
    half = round(7 * unit)
    triangle = [(marker, bar_top + 2), (marker - half, bar_top - half - 3), (marker + half, bar_top - half - 3)]
    fill(sheet, np.array(triangle, np.float64), INK)
    thick = max(2, round(2 * unit))
    sheet.paste(INK, (marker - thick // 2, bar_top, marker - thick // 2 + thick, bar_bottom + round(3 * unit) + 1))
    return marker


def _write_scale(pen: _Pen, document: ImageSection, top: int, margin: int, marker: int, text: Catalogue) -> None:
    unit = pen.unit
    words = text("certainty.probability")
    heading = pen.write((margin, top + 8 * unit), words, 14, "Semibold")
    half = pen.length(document.percent, 15, "Bold") / 2
    x = min(max(marker, margin + half), pen.width - margin - half)
    level = 24 if x - half < margin + heading + 8 * unit else 20
    pen.write((x, top + level * unit), document.percent, 15, "Bold", anchor="mm")
    step = (pen.width - 2 * margin) / 3
    for index, zone in enumerate(document.zones):
        x = margin + index * step
        pen.key(x, top + 78 * unit, STATES[zone.assessment])
        pen.write((x + 20 * unit, top + 78 * unit), zone.name, 13.5, "Semibold")
        pen.write((x + 20 * unit, top + 95 * unit), zone.range, 13, colour=MUTED)


def _write_footer(pen: _Pen, document: ImageSection, top: int, margin: int, text: Catalogue) -> None:
    unit, room = pen.unit, pen.width - 2 * margin
    pen.write(
        (margin, top + 18 * unit),
        pen.fit(text("document.research_use"), 14, "Semibold", room),
        14,
        "Semibold",
    )
    line = f"{text('document.product')}  ·  {document.model_line}"
    pen.write((margin, top + 38 * unit), pen.fit(line, 13, "Regular", room), 13, colour=MUTED)
