"""PNG files without texts, times, Exif and private chunks."""

import struct
import zlib
from typing import TYPE_CHECKING, BinaryIO

from lobule import limits
from lobule.imaging.exif import exif_of, exif_orientation
from lobule.imaging.metadata.icc import without_descriptions
from lobule.imaging.png_header import SIGNATURE, chunks, profile_of

if TYPE_CHECKING:
    from lobule.imaging.metadata.removing import Sink

_MOST_BYTES = {b"IHDR": 13, b"PLTE": 768, b"tRNS": 256, b"IDAT": (1 << 31) - 1, b"IEND": 0}
_MOST_BYTES |= {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"sBIT": 4, b"pHYs": 9, b"bKGD": 6, b"cICP": 4}
"""Chunks that are copied, with their longest permitted content."""
_MOST_EXIF, _PIECE = 1 << 16, 1 << 20


def copy_without_metadata(stream: BinaryIO, sink: "Sink") -> None:
    """See `without_metadata`; data after the end of the picture are left out."""
    sink.write(SIGNATURE)
    seen = set[bytes]()
    for chunk in chunks(stream, limits.MAX_PNG_DATA_CHUNKS):
        if chunk.length <= _MOST_BYTES.get(chunk.kind, -1):
            stream.seek(chunk.start - 8)
            _copy(stream, sink, 12 + chunk.length)
        elif chunk.kind in seen:  # the decoder uses the first
            continue
        elif chunk.kind == b"eXIf":
            _write(sink, b"eXIf", exif_of(exif_orientation(stream.read(min(chunk.length, _MOST_EXIF)))))
        elif chunk.kind == b"iCCP":
            _write(sink, b"iCCP", _profile(stream.read(min(chunk.length, limits.MAX_PROFILE_BYTES))))
        seen.add(chunk.kind)


def _profile(content: bytes) -> bytes:
    profile = profile_of(content)
    return b"" if profile is None else b"icc\0\0" + zlib.compress(without_descriptions(profile))


def _write(sink: "Sink", kind: bytes, content: bytes) -> None:
    if content:
        sink.write(struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content)))


def _copy(stream: BinaryIO, sink: "Sink", count: int) -> None:
    while count > 0 and (piece := stream.read(min(count, _PIECE))):
        sink.write(piece)
        count -= len(piece)
