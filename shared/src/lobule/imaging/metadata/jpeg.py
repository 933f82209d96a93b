"""JPEG files without comments and application segments that decoding does not need."""

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from lobule import limits
from lobule.imaging.exif import exif_of, exif_orientation
from lobule.imaging.jpeg_header import (
    APP1,
    APP2,
    ICC,
    START_OF_SCAN,
    Segment,
    segments,
)
from lobule.imaging.metadata.icc import without_descriptions
from lobule.imaging.metadata.masking import Masking

if TYPE_CHECKING:
    from lobule.imaging.metadata.removing import Sink

_COMMENT, _APPLICATIONS, _JFIF, _ADOBE = 0xFE, range(0xE0, 0xF0), (0xE0, b"JFIF\0"), (0xEE, b"Adobe")
_EXIF, _PIECE = b"Exif\0\0", 1 << 20
_MOST_OF_PROFILE = 65519  # in one segment


def copy_without_metadata(stream: BinaryIO, sink: "Sink") -> None:
    """See `without_metadata`; data after the end of the first picture are left out."""
    found = list(segments(stream))
    sink.write(b"\xff\xd8")
    for marker, content in _kept(stream, found):
        sink.write(struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content)
    if not found or found[-1].marker != START_OF_SCAN:
        return
    stream.seek(found[-1].start + found[-1].length)
    masking = Masking(in_scan=True)
    while piece := stream.read(_PIECE):
        sink.write(masking.feed(piece))


def _kept(stream: BinaryIO, found: list[Segment]) -> Iterator[tuple[int, bytes]]:
    """The segments of the copy up to the first scan; the reduced Exif and the profile follow JFIF's."""
    jfif, others, orientation, parts = list[tuple[int, bytes]](), list[tuple[int, bytes]](), 1, dict[int, bytes]()
    for segment in found:
        stream.seek(segment.start)
        content = stream.read(segment.length)
        if segment.marker == APP1 and content.startswith(_EXIF):
            orientation = exif_orientation(content)
        elif segment.marker == APP2 and content.startswith(ICC) and len(content) > 14:
            parts[content[12]] = content[14:]
        elif segment.marker == _JFIF[0] and content.startswith(_JFIF[1]):
            jfif = [(segment.marker, content[:12] + bytes(2))]  # without its preview
        elif segment.marker == _ADOBE[0] and content.startswith(_ADOBE[1]):
            others.append((segment.marker, content[:12]))
        elif segment.marker != _COMMENT and segment.marker not in _APPLICATIONS:
            others.append((segment.marker, content))
    yield from jfif
    if exif := exif_of(orientation):
        yield APP1, _EXIF + exif
    yield from _profile(b"".join(parts[number] for number in sorted(parts)))
    yield from others


def _profile(profile: bytes) -> Iterator[tuple[int, bytes]]:
    if not 0 < len(profile) <= limits.MAX_PROFILE_BYTES:
        return
    profile = without_descriptions(profile)
    parts = [profile[at : at + _MOST_OF_PROFILE] for at in range(0, len(profile), _MOST_OF_PROFILE)]
    for number, part in enumerate(parts, 1):
        yield APP2, ICC + bytes((number, len(parts))) + part
