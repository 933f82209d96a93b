"""Frames and other bulk data of a stored DICOM file, as it is stored: nothing is decoded."""

from __future__ import annotations

import array
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from gateway.dicomweb.accepting import OCTETS
from gateway.dicomweb.headers import read_header, transfer_syntax
from gateway.errors import ProblemError, not_found

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


@dataclass(frozen=True)
class Pixels:
    """The pixels of a file, whose stream stands at their first byte.

    Attributes:
        header: The elements before them.
        syntax: The transfer syntax.
        length: In bytes; None where they are encapsulated.
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
        try:
            return max(1, int(self.header.get("NumberOfFrames") or 1))
        except (TypeError, ValueError):
            return 1


def open_pixels(stream: BinaryIO) -> Pixels:
    """Find the pixels of a file.

    Raises:
        ProblemError: `not_found`, 404, where it has none, and `not_acceptable`, 406, where it is deflated.
    """
    header = read_header(stream)
    syntax = transfer_syntax(header)
    if syntax == _DEFLATED:
        raise ProblemError(406, "not_acceptable", "dicom")
    little = syntax != _BIG
    order = "<" if little else ">"
    if stream.read(4) != _TAG[little]:
        raise not_found("frame")
    if syntax == _IMPLICIT:
        (length,) = struct.unpack(f"{order}I", stream.read(4))
    else:
        (length,) = struct.unpack(f"{order}4xI", stream.read(8))
    return Pixels(header, syntax, None if length == _UNDEFINED else length)


def frames(stream: BinaryIO, pixels: Pixels, numbers: Sequence[int]) -> Iterator[bytes]:
    """The frames of these numbers, from 1."""
    start = stream.tell()
    for number in numbers:
        stream.seek(start)
        if pixels.length is None:
            from pydicom.encaps import get_frame

            yield get_frame(stream, number - 1, number_of_frames=pixels.count)
        else:
            yield _native(stream, pixels, start, number - 1)


def _native(stream: BinaryIO, pixels: Pixels, start: int, index: int) -> bytes:
    said = pixels.header
    bits = int(said.Rows) * int(said.Columns) * int(said.get("SamplesPerPixel") or 1) * int(said.BitsAllocated)
    first, behind = index * bits, (index + 1) * bits
    stream.seek(start + first // 8)
    content = stream.read((behind + 7) // 8 - first // 8)
    if first % 8 or bits % 8:  # frames of one bit for each pixel need not begin at a byte
        shifted = (int.from_bytes(content, "little") >> first % 8) & ((1 << bits) - 1)
        content = shifted.to_bytes((bits + 7) // 8, "little")
    if pixels.syntax == _BIG and said.BitsAllocated == 16:
        words = array.array("H", content)
        words.byteswap()
        content = words.tobytes()
    return content


def numbers_of(text: str, count: int) -> list[int]:
    """The frames that a list names.

    Raises:
        ProblemError: `not_found`, 404, where there is no such frame.
    """
    numbers = [int(each) for each in text.split(",")]
    if not all(1 <= number <= count for number in numbers):
        raise not_found("frame")
    return numbers
