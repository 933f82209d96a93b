"""Reads the size from the header of compressed pixels before they are decoded."""

import struct
from dataclasses import dataclass
from typing import Literal

from lobule import limits
from lobule.errors import AnalysisError
from lobule.imaging.dicom.layout import Layout

Codec = Literal["JPEG", "JPEG-LS", "JPEG 2000", "RLE"]

_SOF = {0xC0: "baseline", 0xC1: "extended", 0xC3: "lossless", 0xF7: "JPEG-LS"}
_OTHER_SOF = {0xC2, *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)}
_BARE = {0x01, *range(0xD0, 0xD9)}  # markers without a length
_TAIL = 64  # bytes searched for a codestream's end, which writers pad
_JP2 = b"\x00\x00\x00\x0cjP  \r\n\x87\n"


@dataclass(frozen=True)
class Codestream:
    """Compressed pixels and the size that their header states.

    Attributes:
        codec: Codec by its first bytes, regardless of the transfer syntax.
        data: Data for the decoder, without a container.
        width: Width of the coded image; `height` is its height.
        components: Number of colour components.
        precision: Bits of a sample.
        signed: Whether the codestream states signed samples, which only JPEG 2000 can.
        lossless_jpeg: Whether it is a lossless JPEG, which does not convert colours.
    """

    codec: Codec
    data: memoryview
    width: int
    height: int
    components: int
    precision: int
    signed: bool = False
    lossless_jpeg: bool = False


def begins_codestream(start: bytes) -> bool:
    """Whether a fragment with this start contains pixels; a basic offset table is empty or begins with 0."""
    jpeg = start.startswith((b"\xff\xd8", b"\xff\x4f\xff\x51", _JP2))
    return jpeg or (start[1:8] == b"\0\0\0\x40\0\0\0" and start[0] > 0)


def codestream_of(data: memoryview, layout: Layout) -> Codestream:
    """Read a codestream's header and compare it with the tags.

    Raises:
        AnalysisError: `image_unreadable` if it is damaged or its size differs from the tags; `unsupported_format` for
            an unsupported coding.
    """
    try:
        found = _head(data, layout)
    except (struct.error, IndexError):
        raise _damaged() from None
    if (found.width, found.height) != (layout.width, layout.height) or found.components not in (1, 3):
        raise AnalysisError(
            "image_unreadable",
            "dicom_codestream_size",
            found_width=found.width,
            found_height=found.height,
            components=found.components,
            width=layout.width,
            height=layout.height,
        )
    if not 2 <= found.precision <= 16:
        raise AnalysisError("unsupported_format", "dicom_bits_compressed", bits=found.precision)
    return found


def _damaged() -> AnalysisError:
    return AnalysisError("image_unreadable", "dicom_codestream")


def _head(data: memoryview, layout: Layout) -> Codestream:
    start = bytes(data[:12])
    if start == _JP2:
        return _jpeg2000(_contiguous(data))
    if start.startswith(b"\xff\x4f\xff\x51"):
        return _jpeg2000(data)
    if start.startswith(b"\xff\xd8"):
        return _jpeg(_without_zeros(data))
    return _rle(data, layout)


def _contiguous(data: memoryview) -> memoryview:
    """The codestream within the boxes of a JP2 file."""
    position = 0
    while True:
        length, kind = struct.unpack(">I4s", data[position : position + 8])
        head = 8
        if length == 1:
            (length,) = struct.unpack(">Q", data[position + 8 : position + 16])
            head = 16
        end = len(data) if length == 0 else position + length
        if kind == b"jp2c":
            return data[position + head : end]
        if end < position + head:
            raise _damaged()
        position = end


def _without_zeros(data: memoryview) -> memoryview:
    """A codestream without the zeros that writers add after its end."""
    end = len(data)
    while end > _TAIL and not any(data[end - _TAIL : end]):
        end -= _TAIL
    return data[:end]


def _jpeg2000(data: memoryview) -> Codestream:
    if bytes(data[:4]) != b"\xff\x4f\xff\x51":
        raise _damaged()
    right, lower, left, upper, tile_width, tile_height = struct.unpack(">6I", data[8:32])
    tile_left, tile_upper = struct.unpack(">2I", data[32:40])
    (components,) = struct.unpack(">H", data[40:42])
    depths = [struct.unpack(">3B", data[42 + 3 * i : 45 + 3 * i]) for i in range(min(components, 4))]
    unusual = any(depth != depths[0] or depth[1:] != (1, 1) for depth in depths)
    if not depths or unusual or max(right, lower) >= 1 << 31 or min(tile_width, tile_height) == 0:
        raise _damaged()
    tiles = -(-(right - tile_left) // tile_width) * -(-(lower - tile_upper) // tile_height)
    if tiles > 65_535:
        raise _damaged()
    coded = depths[0][0]
    return Codestream(
        "JPEG 2000", data, right - left, lower - upper, components, (coded & 0x7F) + 1, signed=bool(coded & 0x80)
    )


def _jpeg(data: memoryview) -> Codestream:
    position = 2
    while True:
        if data[position] != 0xFF:
            raise _damaged()
        marker = data[position + 1]
        if marker == 0xFF:  # fill
            position += 1
            continue
        if marker in _OTHER_SOF:
            raise AnalysisError("unsupported_format", "dicom_jpeg_process")
        if marker in _SOF:
            break
        if marker in (0xD9, 0xDA):
            raise _damaged()
        (length,) = struct.unpack(">H", data[position + 2 : position + 4])
        position += 2 if marker in _BARE else 2 + length
    precision, height, width, components = struct.unpack(">BHHB", data[position + 4 : position + 10])
    if b"\xff\xd9" not in bytes(data[-_TAIL - 1 :]):
        # Without an end marker, a JPEG-LS decoder searches for seconds, and a JPEG decoder invents the rest.
        raise AnalysisError("image_truncated", "dicom_jpeg")
    if _SOF[marker] == "JPEG-LS":
        return Codestream("JPEG-LS", data, width, height, components, precision)
    if bytes(data).count(b"\xff\xda") > limits.MAX_DICOM_JPEG_SCANS:
        raise _damaged()
    lossless = _SOF[marker] == "lossless"
    return Codestream("JPEG", data, width, height, components, precision, lossless_jpeg=lossless)


def _rle(data: memoryview, layout: Layout) -> Codestream:
    """Run-length encoding of PS3.5, annex G: 64 bytes of offsets, then a segment for each byte of a pixel."""
    segments, first = struct.unpack("<2I", data[:8])
    if first != 64 or segments != layout.samples * layout.allocated // 8:
        raise _damaged()
    return Codestream("RLE", data, layout.width, layout.height, layout.samples, min(16, layout.allocated))
