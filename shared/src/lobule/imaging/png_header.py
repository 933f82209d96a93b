"""Headers of PNG files (W3C, Portable Network Graphics, third edition)."""

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from lobule import limits
from lobule.errors import AnalysisError
from lobule.imaging.picture_header import (
    Colour,
    PictureHeader,
    read_exactly,
)

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_KINDS: dict[int, tuple[Colour, int, tuple[int, ...]]] = {  # colour type: colour, samples, depths
    0: ("grey", 1, (1, 2, 4, 8, 16)),
    2: ("rgb", 3, (8, 16)),
    3: ("palette", 1, (1, 2, 4, 8)),
    4: ("grey", 2, (8, 16)),
    6: ("rgb", 4, (8, 16)),
}


class Chunk(NamedTuple):
    """A chunk: its type and the position of its content."""

    kind: bytes
    start: int
    length: int


def read_png(stream: BinaryIO) -> PictureHeader:
    """Read a PNG's header, up to the first pixel data.

    Args:
        stream: Stream at the file's start.

    Raises:
        AnalysisError: `image_unreadable` or `animated_image`.
    """
    header, transparent = None, False
    for chunk in chunks(stream, limits.MAX_PNG_CHUNKS):
        if header is None:
            header = _image_header(stream, chunk)
        elif chunk.kind == b"tRNS":
            transparent = True
        elif chunk.kind == b"acTL":
            (count,) = struct.unpack(">I", read_exactly(stream, 4, "PNG"))
            raise AnalysisError("animated_image", "pictures", count=count)
        elif chunk.kind == b"IDAT":
            return _described(*header, transparent)
    raise AnalysisError("image_unreadable", "no_pixels", format="PNG")


def chunks(stream: BinaryIO, most: int) -> Iterator[Chunk]:
    """Yield the chunks of a PNG in order, with the stream at the start of each content.

    Args:
        stream: Seekable stream at the file's start.
        most: Largest permitted number of chunks.

    Raises:
        AnalysisError: `image_unreadable` if there are too many; a file that ends within a chunk's header ends the
            iteration.
    """
    position = len(SIGNATURE)
    for _ in range(most):
        stream.seek(position)
        head = stream.read(8)
        if len(head) < 8:
            return
        length, kind = struct.unpack(">I4s", head)
        yield Chunk(kind, position + 8, length)
        if kind == b"IEND":
            return
        position += 12 + length
    raise AnalysisError("image_unreadable", "png_chunks", most=most)


def _image_header(stream: BinaryIO, chunk: Chunk) -> tuple[int, int, int, int]:
    """Width, height, bits and colour type."""
    if chunk.kind != b"IHDR" or chunk.length != 13:
        raise AnalysisError("image_unreadable", "png_first_chunk")
    content = read_exactly(stream, 17, "PNG")
    if zlib.crc32(b"IHDR" + content[:13]) != struct.unpack(">I", content[13:])[0]:
        raise AnalysisError("image_unreadable", "png_checksum")
    width, height, bits, kind, compression, filtering, interlace = struct.unpack(">IIBBBBB", content[:13])
    if kind not in _KINDS or bits not in _KINDS[kind][2] or compression or filtering or interlace > 1:
        raise AnalysisError("image_unreadable", "png_colour_type", kind=kind, bits=bits)
    if bits == 1 and kind == 0:
        raise AnalysisError("unsupported_format", "png_black_and_white")
    return width, height, bits, kind


def _described(width: int, height: int, bits: int, kind: int, transparent: bool) -> PictureHeader:
    colour, samples, _ = _KINDS[kind]
    decoded = (3 if colour == "palette" else samples) + (transparent and kind in (0, 2, 3))
    size = width * height * decoded * (2 if bits == 16 else 1)
    return PictureHeader("PNG", width, height, bits, samples, colour, size)


def profile_of(content: bytes) -> bytes | None:
    """The ICC profile of an iCCP chunk: name, compression method, compressed profile; None if it is damaged."""
    name, found, packed = content.partition(b"\0")
    if not found or len(name) > 79 or packed[:1] != b"\0":
        return None
    inflater = zlib.decompressobj()
    try:
        profile = inflater.decompress(packed[1:], limits.MAX_PROFILE_BYTES)
    except zlib.error:
        return None
    return profile if inflater.eof else None
