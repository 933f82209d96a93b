"""Decodes the pixels of TIFF files strip by strip or tile by tile into memory that the header has limited."""

import io
import math
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from lobule import limits
from lobule.errors import AnalysisError
from lobule.imaging.exif import ORIENTATION_TAG
from lobule.imaging.jpeg_header import read_jpeg
from lobule.imaging.jpeg_pixels import check_scans
from lobule.imaging.orientation import upright
from lobule.imaging.picture import Alpha, Picture
from lobule.imaging.tiff_header import (
    DEFLATE,
    JPEG,
    LZW,
    PACKBITS,
    SIGNED_LAB,
    UNCOMPRESSED,
    WHITE_IS_ZERO,
    TiffLayout,
    read_tiff,
)

_PIECE = 1 << 16  # bytes of compressed data that are inflated at once
_ALPHAS: dict[int, Alpha] = {0: "none", 1: "premultiplied", 2: "straight", 3: "none"}


class _Segment(NamedTuple):
    """A strip or tile: its plane, its rows and columns in the picture, its bytes in the file."""

    plane: int
    top: int
    left: int
    rows: int
    columns: int
    data: memoryview


def decode_tiff(data: bytes) -> Picture:
    """Decode a TIFF.

    Args:
        data: The whole file.

    Raises:
        AnalysisError: As raised by `read_tiff`; `image_truncated` if pixels are missing, `image_unreadable` if a part
            does not match its place.
    """
    layout = read_tiff(io.BytesIO(data))
    header, directory = layout.header, layout.directory
    planes = header.samples if layout.planar else 1
    kind = np.dtype(np.uint8 if header.bits <= 8 else np.uint16)
    stored = np.empty((planes, header.height, header.width, header.samples // planes), kind)
    tables = directory.content(347, 1 << 16) or None
    for segment in _segments(layout, data):
        _decode(layout, segment, stored[segment.plane], tables)
    samples = np.moveaxis(stored[..., 0], 0, -1) if layout.planar else stored[0]
    if samples.shape[-1] == 1:
        samples = samples[..., 0]
    orientation = directory.number(ORIENTATION_TAG, 1)
    return _described(layout, samples, orientation)


def _described(layout: TiffLayout, samples: NDArray[Any], orientation: int) -> Picture:
    header, offset, step, top = layout.header, 0.0, 1.0, 2**layout.header.bits - 1
    profile = layout.directory.content(34675, limits.MAX_PROFILE_BYTES) or None
    if header.colour == "palette":
        samples, bits = _coloured(layout, samples), 8
        return Picture(upright(samples, orientation), bits, "rgb", profile=profile)
    grey = samples[..., 0] if samples.ndim == 3 else samples
    if layout.signed:
        offset = -float(top // 2 + 1)
        grey ^= grey.dtype.type(top // 2 + 1)  # maps signed numbers to unsigned ones in the same order
    if layout.photometric == WHITE_IS_ZERO:
        np.subtract(grey.dtype.type(top), grey, out=grey)
        offset, step = offset + top, -1.0
    if layout.photometric == SIGNED_LAB:
        samples[..., 1:3] ^= samples.dtype.type(1 << (header.bits - 1))
    if header.samples > 1 and layout.alpha == 3:  # a sample of unknown meaning is not part of the picture
        samples = samples[..., :-1] if samples.shape[-1] > 2 else samples[..., 0]
    colour = "rgb" if header.colour in ("rgb", "ycbcr", "palette") else header.colour
    return Picture(upright(samples, orientation), header.bits, colour, _ALPHAS[layout.alpha], profile, offset, step)


def _coloured(layout: TiffLayout, indices: NDArray[Any]) -> NDArray[np.uint8]:
    count = 2**layout.header.bits
    values = layout.directory.numbers(320, 3 * 256)
    if len(values) != 3 * count:
        raise AnalysisError("image_unreadable", "tiff_palette")
    palette = np.array(values, np.uint32).reshape(3, count).T
    palette = palette >> 8 if palette.max() > 255 else palette  # some writers store 8 bits
    indices = indices[..., 0] if indices.ndim == 3 else indices
    return palette.astype(np.uint8)[indices]


def _segments(layout: TiffLayout, data: bytes) -> Iterator[_Segment]:
    """The segments in order.

    Raises:
        AnalysisError: `image_truncated` if one lies beyond the end of the file; `image_unreadable` if they overlap so
            much that decoding would be disproportionate work.
    """
    header, (rows, columns) = layout.header, layout.segment
    offsets, lengths = (layout.directory.numbers(tag, limits.MAX_TIFF_SEGMENTS) for tag in layout.located)
    if any(o + n > len(data) for o, n in zip(offsets, lengths[: layout.segments], strict=False)):
        raise AnalysisError("image_truncated", "pixels")
    if sum(lengths[: layout.segments]) > 2 * len(data):
        raise AnalysisError("image_unreadable", "tiff_overlap")
    across, down = math.ceil(header.width / columns), math.ceil(header.height / rows)
    view = memoryview(data)
    for index in range(layout.segments):
        plane, place = divmod(index, across * down)
        top, left = place // across * rows, place % across * columns
        content = view[offsets[index] : offsets[index] + lengths[index]]
        high, wide = min(rows, header.height - top), min(columns, header.width - left)
        yield _Segment(plane, top, left, high, wide, content)


def _decode(layout: TiffLayout, segment: _Segment, plane: NDArray[Any], tables: bytes | None) -> None:
    """Decode a segment into its place in a plane (height, width, channels)."""
    place = plane[segment.top : segment.top + segment.rows, segment.left : segment.left + segment.columns]
    data: Any = segment.data
    if layout.directory.number(266, 1) == 2 and layout.compression != JPEG:
        data = imagecodecs.bitorder_decode(bytes(data))
    if layout.compression == JPEG:
        place[...] = _jpeg(layout, segment, plane.shape[2], tables)[: segment.rows, : segment.columns]
        return
    whole = layout.segment if layout.tiled else (segment.rows, segment.columns)
    direct = layout.header.bits in (8, 16) and place.flags.c_contiguous and whole == place.shape[:2]
    target = place if direct else np.empty((*whole, plane.shape[2]), plane.dtype)
    if layout.header.bits in (8, 16):
        _unpack(layout.compression, data, target.reshape(-1).view(np.uint8))
        if target.dtype == np.uint16 and (layout.directory.order == "<") != (np.little_endian):
            target.byteswap(inplace=True)
        if layout.directory.number(317, 1) == 2:
            imagecodecs.delta_decode(target, axis=1, out=target)
    else:
        target = _packed(layout, data, target)
    if not direct:
        place[...] = target[: segment.rows, : segment.columns]


def _packed(layout: TiffLayout, data: Any, target: NDArray[Any]) -> NDArray[Any]:
    """Unpack samples whose bits are not whole bytes; each row starts at a byte boundary."""
    rows, columns, channels = target.shape
    line = math.ceil(columns * channels * layout.header.bits / 8)
    packed = np.empty(rows * line, np.uint8)
    _unpack(layout.compression, data, packed)
    values = imagecodecs.packints_decode(packed.tobytes(), target.dtype, layout.header.bits, runlen=columns * channels)
    return values.reshape(target.shape)


def _unpack(compression: int, data: Any, target: NDArray[np.uint8]) -> None:
    """Decompress into a flat array, which must be filled completely.

    Raises:
        AnalysisError: `image_truncated` if the data end first.
    """
    if compression == UNCOMPRESSED:
        filled = min(len(data), len(target))
        target[:filled] = np.frombuffer(data, np.uint8, filled)
    elif compression in DEFLATE:
        filled = _inflate(memoryview(data), target)
    else:
        decode = {LZW: imagecodecs.lzw_decode, PACKBITS: imagecodecs.packbits_decode}.get(
            compression, imagecodecs.zstd_decode
        )
        filled = len(decode(data, out=target))
    if filled < len(target):
        raise AnalysisError("image_truncated", "pixels")


def _inflate(source: memoryview, target: NDArray[np.uint8]) -> int:
    """Inflate until the target is full or the source ends; returns the number of bytes written."""
    inflater, filled = zlib.decompressobj(), 0
    for start in range(0, len(source), _PIECE):
        piece: bytes | memoryview = source[start : start + _PIECE]
        while filled < len(target) and not inflater.eof:
            made = inflater.decompress(piece, min(len(target) - filled, 1 << 20))
            target[filled : filled + len(made)] = np.frombuffer(made, np.uint8)
            filled += len(made)
            piece = inflater.unconsumed_tail
            if not made and not piece:
                break
        if inflater.eof or filled == len(target):
            break
    return filled


def _jpeg(layout: TiffLayout, segment: _Segment, channels: int, tables: bytes | None) -> NDArray[Any]:
    """Decode a JPEG segment, whose own size must match its place, because it determines the decoder's memory."""
    own = read_jpeg(io.BytesIO(segment.data))
    fits = segment.columns <= own.width <= layout.segment[1] and segment.rows <= own.height <= layout.segment[0]
    if not fits or own.samples != channels or own.bits != layout.header.bits:
        raise AnalysisError(
            "image_unreadable", "tiff_part_differs", width=own.width, height=own.height, samples=own.samples
        )
    spaces: dict[str, Any] = {}
    if layout.header.colour in ("rgb", "ycbcr") and channels == 3:
        spaces = {"colorspace": "YCBCR" if layout.photometric == 6 else "RGB", "outcolorspace": "RGB"}
    check_scans(segment.data)
    decoded = imagecodecs.jpeg8_decode(bytes(segment.data), tables=tables, **spaces)
    return decoded if decoded.ndim == 3 else decoded[..., None]
