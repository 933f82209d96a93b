"""Writing on pictures: Source Sans Pro, and Noto Sans SC for the characters that it lacks."""

import unicodedata
from functools import cache
from itertools import groupby
from pathlib import Path

import font_source_sans_pro
import pylopdf_fonts_zh_cn
from PIL import Image, ImageDraw, ImageFont

from report.palette import RGB

FONT_FOLDERS = (Path(font_source_sans_pro.font_directory), pylopdf_fonts_zh_cn.sans_path().parent)

_UNDRAWABLE = "\U0010fffe"


@cache
def font(weight: str, size: int, chinese: bool = False) -> ImageFont.FreeTypeFont:
    """Source Sans Pro in `Regular`, `Semibold` or `Bold`, or Noto Sans SC (one weight); `size` pixels high."""
    latin = FONT_FOLDERS[0] / f"SourceSansPro-{weight}.ttf"
    return ImageFont.truetype(pylopdf_fonts_zh_cn.sans_path() if chinese else latin, size)


def _runs(words: str, size: int, weight: str) -> list[tuple[str, ImageFont.FreeTypeFont]]:
    """Split words into runs that a single font can write."""
    pieces = groupby(words, key=_only_chinese)
    return [("".join(piece), font(weight, size, chinese)) for chinese, piece in pieces]


@cache
def _only_chinese(character: str) -> bool:
    return not character.isascii() and not _has(_unshaped(False), character)


def length(words: str, size: int, weight: str) -> float:
    """Width of a line in pixels."""
    return sum(face.getlength(piece) for piece, face in _runs(words, size, weight))


def write(
    draw: ImageDraw.ImageDraw,
    xy: tuple[float, float],
    words: str,
    size: int,
    weight: str,
    colour: RGB,
    anchor: str = "lm",
) -> float:
    """Write a line; returns its width.

    Args:
        draw: The picture to draw on.
        xy: Position of the anchor.
        words: Text of one line.
        size: Height in pixels.
        weight: `Regular`, `Semibold` or `Bold`.
        colour: Colour of the text.
        anchor: `l`, `m` or `r` and `m`: the middle of the line's left end, middle or right end.
    """
    width = length(words, size, weight)
    x = xy[0] - {"l": 0.0, "m": width / 2, "r": width}[anchor[0]]
    for piece, face in _runs(words, size, weight):
        draw.text((x, xy[1]), piece, fill=colour, font=face, anchor="lm")
        x += face.getlength(piece)
    return width


def writable(words: str) -> str:
    """Replace characters that no font contains.

    A character that no font has is written as its code point, such as `[U+1F600]`; characters that only
    control layout are left out.
    """
    return words if words.isascii() and words.isprintable() else "".join(map(_written, words))


@cache
def _written(character: str) -> str:
    category = unicodedata.category(character)
    if character in "\n\t" or category == "Zs":
        return character
    if category in ("Zl", "Zp"):  # separators of lines and paragraphs, on which the library that shapes text fails
        return "\n"
    if category == "Cf" or "\ufe00" <= character <= "\ufe0f":  # joiners, directions, choices between glyphs
        return ""
    known = category[0] != "C" and any(_has(_unshaped(chinese), character) for chinese in (False, True))
    return character if known else f"[U+{ord(character):04X}]"


@cache
def _unshaped(chinese: bool) -> ImageFont.FreeTypeFont:
    """A font that draws one glyph for each character; shaping would decompose some, such as U+0E33."""
    return ImageFont.truetype(font("Regular", 20, chinese).path, 20, layout_engine=ImageFont.Layout.BASIC)


def _has(face: ImageFont.FreeTypeFont, character: str) -> bool:
    return _shape(face, character) != _shape(face, _UNDRAWABLE)


def _shape(face: ImageFont.FreeTypeFont, character: str) -> bytes:
    mask = Image.new("L", (40, 40))
    ImageDraw.Draw(mask).text((8, 8), character, fill=255, font=face)
    return mask.tobytes()
