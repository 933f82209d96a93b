"""Frames and other bulk data of a stored DICOM file, as it is stored: nothing is decoded."""

from __future__ import annotations

import array
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from gateway.dicomweb.content_negotiation import OCTETS
from gateway.dicomweb.fragments import fragments_of_frames
from gateway.dicomweb.headers import number, read_header, transfer_syntax
from gateway.errors import ProblemError, not_found
from gateway.streaming import PIECE
from lobule import limits

if TYPE_CHECKING:  # pydicom brings NumPy, which a gateway without DICOMweb never needs
    from pydicom.dataset import Dataset

_JPEG = "1.2.840.10008.1.2.4."
_ENCODED = {
    **dict.fromkeys((f"{_JPEG}50", f"{_JPEG}51", f"{_JPEG}57", f"{_JPEG}70"), "image/jpeg"),
    **dict.fromkeys((f"{_JPEG}80", f"{_JPEG}81"), "image/jls"),
    **dict.fromkeys((f"{_JPEG}90", f"{_JPEG}91"), "image/jp2"),
    **dict.fromkeys((f"{_JPEG}201", f"{_JPEG}202", f"{_JPEG}203"), "image/jphc"),
    "1.2.840.10008.1.2.5": "image/dicom-rle",
}
_IMPLICIT, _BIG, _DEFLATED = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
_TAG = {True: b"\xe0\x7f\x10\x00", False: b"\x7f\xe0\x00\x10"}
_UNDEFINED = 0xFFFFFFFF
Frame = list[tuple[int, int]]
"""First bit in the file and number of bits of each part of a frame."""


@dataclass(frozen=True)
class Pixels:
    """The pixels of a file, whose stream is at their first byte.

    Attributes:
        header: The elements before the pixels.
        syntax: The transfer syntax.
        length: Length in bytes; None if the pixels are encapsulated.
    """

    header: Dataset
    syntax: str
    length: int | None

    @property
    def media_type(self) -> str:
        """Of a frame."""
        return OCTETS if self.length is not None else _ENCODED.get(self.syntax, OCTETS)

    @property
    def count(self) -> int:
        """Of frames."""
        return number(self.header, "NumberOfFrames") or 1

    @property
    def frame_bits(self) -> int:
        """Of a frame that is not encapsulated; 0 if the header does not say it."""
        samples = number(self.header, "SamplesPerPixel") or 1
        rows, columns, allocated = (number(self.header, name) or 0 for name in ("Rows", "Columns", "BitsAllocated"))
        return rows * columns * samples * allocated


def open_pixels(stream: BinaryIO) -> Pixels:
    """Find the pixels of a file.

    Raises:
        ProblemError: `not_found`, 404, if it has none, `not_acceptable`, 406, if it is deflated, and
            `instance_unreadable`, 500, if the file does not hold the frames that its header announces.
    """
    header = read_header(stream)
    syntax = transfer_syntax(header)
    if syntax == _DEFLATED:
        raise ProblemError(406, "not_acceptable", "dicom")
    little = syntax != _BIG
    order = "<" if little else ">"
    if stream.read(4) != _TAG[little]:
        raise not_found("frame")
    try:
        layout, size = ("I", 4) if syntax == _IMPLICIT else ("4xI", 8)
        (length,) = struct.unpack(f"{order}{layout}", stream.read(size))
    except struct.error:
        raise ProblemError(500, "instance_unreadable") from None
    pixels = Pixels(header, syntax, None if length == _UNDEFINED else length)
    if not _is_whole(stream, pixels):
        raise ProblemError(500, "instance_unreadable")
    return pixels


def _is_whole(stream: BinaryIO, pixels: Pixels) -> bool:
    """Whether a file is long enough for the frames that its header announces; the stream is not moved."""
    if pixels.count > limits.MAX_DICOM_SERVED_FRAMES:
        return False
    start = stream.tell()
    if pixels.length is None:  # the table of offsets, which is read as a whole, has one for each frame
        item = stream.read(8)
        stream.seek(start)
        return len(item) == 8 and struct.unpack("<4xI", item)[0] <= 4 * limits.MAX_DICOM_SERVED_FRAMES
    held = min(pixels.length, stream.seek(0, 2) - start)
    stream.seek(start)
    bits = pixels.frame_bits
    return bits > 0 and bits * pixels.count <= 8 * held


def frames(stream: BinaryIO, pixels: Pixels, numbers: Sequence[int]) -> list[Frame]:
    """The positions of the frames with these numbers, from 1; the stream is at the first byte of the pixels.

    Raises:
        ProblemError: `instance_unreadable`, 500, if the file does not hold them.
    """
    if pixels.length is not None:
        begin, bits = 8 * stream.tell(), pixels.frame_bits
        return [[(begin + (number - 1) * bits, bits)] for number in numbers]
    fragments = fragments_of_frames(stream, pixels.count)
    found = [fragments[number - 1] if number <= len(fragments) else [] for number in numbers]
    if not all(found):
        raise ProblemError(500, "instance_unreadable")
    return [[(8 * start, 8 * length) for start, length in extents] for extents in found]


def read_frame(stream: BinaryIO, pixels: Pixels, frame: Frame) -> Iterator[bytes]:
    """The bytes of a frame, in pieces."""
    swapped = pixels.syntax == _BIG and number(pixels.header, "BitsAllocated") == 16
    for first, count in frame:
        for begin in range(first, first + count, 8 * PIECE):
            piece = _bits(stream, begin, min(8 * PIECE, first + count - begin))
            if swapped:
                words = array.array("H", piece)
                words.byteswap()
                piece = words.tobytes()
            yield piece


def _bits(stream: BinaryIO, first: int, count: int) -> bytes:
    """Bits of a file; frames of one bit for each pixel need not begin at a byte."""
    stream.seek(first // 8)
    content = stream.read((first + count + 7) // 8 - first // 8)
    if first % 8 or count % 8:
        shifted = (int.from_bytes(content, "little") >> first % 8) & ((1 << count) - 1)
        content = shifted.to_bytes((count + 7) // 8, "little")
    return content


def numbers_of(text: str, count: int) -> list[int]:
    """The frames that a list names.

    Raises:
        ProblemError: `not_found`, 404, if there is no such frame.
    """
    numbers = [int(each) for each in text.split(",")]
    if not all(1 <= number <= count for number in numbers):
        raise not_found("frame")
    return numbers
