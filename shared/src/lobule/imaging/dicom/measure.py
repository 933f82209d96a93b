"""Turns stored samples into measured values: tissue bright, padding excluded, no window applied."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.result import Notice
from lobule.errors import AnalysisError
from lobule.imaging.dicom.layout import Layout
from lobule.imaging.dicom.pixels import Cells
from lobule.imaging.dicom.tables import modality_table, palette
from lobule.imaging.dicom.tags import Tags
from lobule.imaging.dicom.vocabulary import Tag
from lobule.imaging.negative import is_negative
from lobule.words import make_notice

_ROWS_AT_ONCE = 256
_MOST_RESCALED = 1e9
_DIGITAL_MAMMOGRAPHY = "1.2.840.10008.5.1.4.1.1.1.2"
_LEAST_MEASURED = 0.01  # share of the pixels; if padding leaves fewer, the tag is wrong


@dataclass(frozen=True)
class Measured:
    """The pixels and their description, as in `lobule.imaging.film.Film`."""

    pixels: NDArray[Any]
    valid: NDArray[np.bool_] | None
    offset: float
    step: float
    colourfulness: float
    bits: int


def measure(cells: Cells, layout: Layout, tags: Tags, notices: list[Notice]) -> Measured:
    """Turn stored cells into measured values.

    Args:
        cells: Cells as stored.
        layout: Layout of the cells by the tags.
        tags: Tags with rescaling, lookup tables and padding.
        notices: List to which notices are appended.
    """
    if cells.values.ndim == 3:
        grey, colourfulness = _grey_of(cells, layout)
        return Measured(grey, None, 0.0, 1.0, colourfulness, layout.stored)
    raw, signed = cells.values, cells.signed
    values, bits = _justified(cells, layout, tags, notices)
    base = -(1 << (bits - 1)) if signed else 0
    valid = _valid(raw, values, base, bits, tags, notices)
    colourfulness, table = 0.0, None
    if layout.photometric == "PALETTE COLOR":
        table, colourfulness = palette(tags, notices)
    else:
        table = modality_table(tags, signed, notices)
    slope, intercept = (1.0, 0.0) if table else _rescale(tags, notices)
    if table is not None:
        values, base, bits = table.applied(values, base), 0, table.bits
    inverted = (layout.photometric == "MONOCHROME1") != (slope < 0)
    bright = _inverse(values, bits) if inverted else values
    if is_negative(bright, valid):
        if _states_polarity(layout, tags):  # tissue that fills the detector has bright corners and no background
            notices.append(make_notice("polarity_doubted"))
        else:
            inverted, bright = not inverted, values if inverted else _inverse(values, bits)
            notices.append(make_notice("film_inverted"))
    top = (1 << bits) - 1
    offset, step = (base + top, -slope) if inverted else (base, slope)
    offset = intercept + slope * offset
    if valid is not None:
        bright = bright if bright.flags.writeable and bright.base is None else bright.copy()
        bright[~valid] = int(bright[valid].min())
    return Measured(np.ascontiguousarray(bright), valid, offset, step, colourfulness, bits)


def _states_polarity(layout: Layout, tags: Tags) -> bool:
    """Whether a mammography unit says twice which end is bright, as the standard asks of it (PS3.3, C.8.11.3.1)."""
    shape = {"MONOCHROME1": "INVERSE", "MONOCHROME2": "IDENTITY"}.get(layout.photometric)
    digital = tags.text(Tag.SOP_CLASS_UID) == _DIGITAL_MAMMOGRAPHY
    return digital and shape is not None and tags.code(Tag.PRESENTATION_LUT_SHAPE) == shape


def _inverse(values: NDArray[Any], bits: int) -> NDArray[Any]:
    return np.subtract((1 << bits) - 1, values, dtype=values.dtype)


def _grey_of(cells: Cells, layout: Layout) -> tuple[NDArray[Any], float]:
    """Convert colours to grey in strips; also returns the mean difference between the channels over the range."""
    colours, top = cells.values, (1 << layout.stored) - 1
    grey = np.empty(colours.shape[:2], np.uint8 if colours.dtype.itemsize == 1 else np.uint16)
    spread = 0
    for start in range(0, len(grey), _ROWS_AT_ONCE):
        rows = colours[start : start + _ROWS_AT_ONCE].astype(np.int32)
        if cells.differences:
            grey[start : start + _ROWS_AT_ONCE] = rows[..., 0]
            spread += int(np.abs(rows[..., 1:] - (top + 1) // 2).sum()) / 2
        else:
            grey[start : start + _ROWS_AT_ONCE] = rows.sum(axis=-1) // 3
            spread += int((rows.max(axis=-1) - rows.min(axis=-1)).sum())
    return grey, spread / grey.size / top


def _justified(stored: Cells, layout: Layout, tags: Tags, notices: list[Notice]) -> tuple[NDArray[Any], int]:
    """Samples without the empty bits of their cells, as unsigned numbers in the same order, and their bits."""
    cells, signed = stored.values, stored.signed
    mask = (1 << layout.stored) - 1
    shift = min(layout.shift, max(0, stored.precision - layout.stored))
    greatest = int(cells.max())
    if shift and greatest <= mask and bool((cells & ((1 << shift) - 1)).any()):
        shift = 0
        notices.append(make_notice("high_bit_unusable"))
    bits = layout.stored
    dtype = np.uint8 if layout.stored <= 8 else np.uint16
    if shift:
        cells = cells >> shift
    elif greatest > mask and not signed and not tags.integer(Tag.OVERLAY_BIT):
        # More bits are in use than the tags state; cutting them off would turn bright tissue black.
        padding = _padding_range(tags, 0)
        used = (greatest if padding is None else _greatest_but(cells, padding)).bit_length()
        if used > 16:
            raise AnalysisError("unsupported_format", "dicom_bits_used", bits=used)
        if used > bits:
            notices.append(make_notice("bits_stored_exceeded"))
            bits, mask, dtype = used, (1 << used) - 1, np.uint8 if used <= 8 else np.uint16
    if int(cells.max()) > mask:
        cells = cells & mask
    values = cells.astype(dtype, copy=False)
    return (values ^ dtype(1 << (bits - 1)) if signed else values), bits


def _greatest_but(cells: NDArray[Any], padding: tuple[int, int]) -> int:
    kept = cells[(cells < padding[0]) | (cells > padding[1])]
    return int(kept.max()) if kept.size else 0


def _padding_range(tags: Tags, base: int) -> tuple[int, int] | None:
    """The padding range in the file's numbers; both tags may be written in the wrong representation."""
    value = tags.integer(Tag.PADDING_VALUE)
    if value is None:
        return None
    limit = tags.integer(Tag.PADDING_LIMIT)
    ends = [value, value if limit is None else limit]
    if base < 0:
        ends = [end - 65536 if end > 32767 else end for end in ends]
    else:
        ends = [end + 65536 if end < 0 else end for end in ends]
    return min(ends), max(ends)


def _valid(
    raw: NDArray[Any], values: NDArray[Any], base: int, bits: int, tags: Tags, notices: list[Notice]
) -> NDArray[np.bool_] | None:
    padding = _padding_range(tags, base)
    if padding is None:
        return None
    low, high = (end - base for end in padding)
    valid = np.ones(values.shape, bool)
    if high >= 0 and low < 1 << bits:
        valid &= (values < max(low, 0)) | (values > min(high, (1 << bits) - 1))
    if base == 0 and raw.dtype.itemsize > 1:  # a padding value that exceeds the bits of a sample
        beyond = (raw >= padding[0]) & (raw <= padding[1]) & (raw > (1 << bits) - 1)
        valid &= ~beyond
    if valid.all():
        return None
    if float(valid.mean()) < _LEAST_MEASURED:
        notices.append(make_notice("padding_unusable"))
        return None
    return valid


def _rescale(tags: Tags, notices: list[Notice]) -> tuple[float, float]:
    slope, intercept = tags.number(Tag.RESCALE_SLOPE), tags.number(Tag.RESCALE_INTERCEPT)
    strange = any(value is not None and abs(value) > _MOST_RESCALED for value in (slope, intercept))
    if slope is not None and abs(slope) < 1 / _MOST_RESCALED:
        strange = True
    if strange or {Tag.RESCALE_SLOPE, Tag.RESCALE_INTERCEPT} & tags.unusable:
        notices.append(make_notice("rescale_unusable"))
        return 1.0, 0.0
    return (1.0 if slope is None else slope), (0.0 if intercept is None else intercept)
