"""The pictures of a report: what was analysed, what was found on it, and each finding enlarged."""

import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lobule.contracts.errors import AnalysisError
from lobule.contracts.result import Box, Result
from report.overlay import RGB8, blend_heat, box_on_display, draw_findings
from report.section import ImageSection

_CUTOUT_SIDE = 240
_CUTOUT_MARGIN = 0.35  # of the box's longer side, on each side
_CUTOUT_SMALLEST = 96


@dataclass(frozen=True)
class Pictures:
    """uint8, (height, width, 3) each; `cutouts` in the order of the findings."""

    original: RGB8
    annotated: RGB8
    cutouts: tuple[RGB8, ...]


def draw_pictures(result: Result, section: ImageSection, files: Mapping[str, bytes]) -> Pictures:
    """Draw what a result found onto its display image.

    Args:
        result: What the pipeline concluded.
        section: The same in words: the tags of the findings.
        files: The pictures that the result names, by name.

    Raises:
        AnalysisError: `internal_error` where a picture is missing, damaged or of another size than said.
    """
    size = (result.display.width, result.display.height)
    display = _read(files, result.display.file, size, "RGB")
    annotated = display
    if result.heat_map is not None:
        annotated = blend_heat(annotated, _read(files, result.heat_map.file, size, "L"))
    findings = [result.findings[row.number - 1] for row in section.findings]
    if not findings:
        return Pictures(display, annotated, ())
    scale = (size[0] / result.image.width, size[1] / result.image.height)
    annotated = draw_findings(annotated, findings, [row.tag for row in section.findings], scale)
    cutouts = tuple(_cutout(display, finding.box, scale) for finding in findings)
    return Pictures(display, annotated, cutouts)


def _cutout(display: RGB8, box: Box, scale: tuple[float, float]) -> RGB8:
    """A square around a finding, of the picture as it was analysed, so that nothing drawn hides it."""
    corners = box_on_display(box, scale)
    (left, top), (right, bottom) = corners[0], corners[2]
    longer = max(right - left, bottom - top)
    side = min(max(longer * (1 + 2 * _CUTOUT_MARGIN), _CUTOUT_SMALLEST), *display.shape[:2])
    x = round(min(max((left + right - side) / 2, 0), display.shape[1] - side))
    y = round(min(max((top + bottom - side) / 2, 0), display.shape[0] - side))
    return fit(display[y : y + round(side), x : x + round(side)], _CUTOUT_SIDE)


def fit(picture: RGB8, longest: int) -> RGB8:
    """A picture whose longer side is at most so many pixels."""
    height, width = picture.shape[:2]
    factor = longest / max(height, width)
    if factor >= 1:
        return picture
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))


def jpeg(picture: NDArray[np.uint8], quality: int = 92) -> bytes:
    """A grey or RGB picture as a JPEG file."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def _read(files: Mapping[str, bytes], name: str, size: tuple[int, int], mode: str) -> NDArray[np.uint8]:
    """Decode one of our own pictures and hold it against what the result says of it."""
    if name not in files:
        raise AnalysisError(
            "internal_error", f"The report cannot be drawn: the picture {name!r} of the result is missing."
        )
    try:
        with Image.open(io.BytesIO(files[name])) as image:
            picture = np.asarray(image.convert(mode))
    except Exception:  # noqa: BLE001 - decoders of damaged bytes raise anything
        raise AnalysisError(
            "internal_error", f"The report cannot be drawn: the picture {name!r} of the result is damaged."
        ) from None
    if (picture.shape[1], picture.shape[0]) != size:
        found = f"{picture.shape[1]} x {picture.shape[0]}"
        raise AnalysisError(
            "internal_error",
            f"The report cannot be drawn: picture {name!r} has {found} pixels, not {size[0]} x {size[1]}.",
        )
    return picture
