"""The size of a pixel in millimetres, and the plane in which it is valid (DICOM PS3.3, 10.7.1.3)."""

from dataclasses import dataclass

from lobule.contracts.result import Notice, SpacingPlane
from lobule.imaging.dicom.tags import Tags
from lobule.imaging.dicom.vocabulary import Tag
from lobule.words import make_notice

_PLAUSIBLE_MM = (0.005, 2.0)
_LONGEST_PIXEL = 4.0  # times as long as wide, or as wide as long; a longer one is a wrong entry
_PLAUSIBLE_FACTOR = (1.0, 10.0)
_SPACINGS = (Tag.PIXEL_SPACING, Tag.IMAGER_PIXEL_SPACING, Tag.SCANNED_PIXEL_SPACING)


@dataclass(frozen=True)
class Spacing:
    """The size of a pixel.

    Attributes:
        mm: (row, column), if known.
        plane: Plane in which `mm` is valid, if known.
        magnification: Magnification that the file states, 1.0 if none; `mm` in the patient's plane is divided by it.
    """

    mm: tuple[float, float] | None
    plane: SpacingPlane | None
    magnification: float


def spacing_of(tags: Tags, notices: list[Notice]) -> Spacing:
    """Read the spacing.

    A calibrated pixel spacing is valid in the breast. The detector's is not, because the breast appears magnified
    there; if the file states the magnification, the spacing is divided by it.
    """
    calibrated, imager, scanned = (_pair(tags, tag) for tag in _SPACINGS)
    strange = any(tags.has(tag) and (_pair(tags, tag) is None or tag in tags.unusual) for tag in _SPACINGS)
    factor = magnification_of(tags)
    if strange or (factor is None and tags.number(Tag.MAGNIFICATION_FACTOR) is not None):
        notices.append(make_notice("spacing_uncertain"))
    if calibrated and (tags.has(Tag.SPACING_CALIBRATION) or (imager and not _same(calibrated, imager))):
        return Spacing(calibrated, "patient", factor or 1.0)
    on_detector = imager or calibrated
    if on_detector is None:
        single = next((value for tag in _SPACINGS if (value := _single(tags, tag))), None)
        return Spacing(scanned or single, None, factor or 1.0)
    if factor:
        row, column = on_detector
        return Spacing((row / factor, column / factor), "patient", factor)
    # Without the detector's spacing, the plane of a pixel spacing that was not calibrated is unknown.
    return Spacing(on_detector, "detector" if imager else None, 1.0)


def aspect_of(tags: Tags, notices: list[Notice]) -> float | None:
    """Height of a pixel over its width where the file states no spacing; None for square pixels and wrong entries."""
    if not tags.has(Tag.PIXEL_ASPECT_RATIO):
        return None
    down, across = values if len(values := tags.numbers(Tag.PIXEL_ASPECT_RATIO)) == 2 else (0.0, 0.0)
    if min(down, across) <= 0 or max(down, across) >= _LONGEST_PIXEL * min(down, across):
        notices.append(make_notice("spacing_uncertain"))
        return None
    return None if down == across else down / across


def magnification_of(tags: Tags) -> float | None:
    """The magnification of the breast on the detector; None if the file states no plausible value."""
    factor = tags.number(Tag.MAGNIFICATION_FACTOR)
    return factor if factor is not None and _PLAUSIBLE_FACTOR[0] <= factor <= _PLAUSIBLE_FACTOR[1] else None


def _pair(tags: Tags, tag: Tag) -> tuple[float, float] | None:
    values = tags.numbers(tag)
    if len(values) != 2 or not all(_PLAUSIBLE_MM[0] <= value <= _PLAUSIBLE_MM[1] for value in values):
        return None
    if max(values) >= _LONGEST_PIXEL * min(values):
        return None
    return values[0], values[1]


def _single(tags: Tags, tag: Tag) -> tuple[float, float] | None:
    """A single value instead of two: pixels are assumed to be square."""
    values = tags.numbers(tag)
    if len(values) != 1 or not _PLAUSIBLE_MM[0] <= values[0] <= _PLAUSIBLE_MM[1]:
        return None
    return values[0], values[0]


def _same(first: tuple[float, float], second: tuple[float, float]) -> bool:
    return all(abs(a - b) <= 0.001 * b for a, b in zip(first, second, strict=True))
