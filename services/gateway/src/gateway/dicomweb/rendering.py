"""Renders objects as PNG or PDF."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from gateway.database import SessionFactory, read
from gateway.dicomweb.frames import open_pixels
from gateway.dicomweb.headers import number, read_header, text, value_of
from gateway.dicomweb.repository import Instance
from gateway.errors import ProblemError
from gateway.jobs import repository as jobs
from gateway.jobs.results import inference_file, read_result
from gateway.streaming import PIECE, Extent, pieces_of
from lobule.storage import ObjectStore

_CONTENT = 0x00420011
PNG, PDF = "image/png", "application/pdf"
_SECONDARY_CAPTURE, _DOCUMENT = "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.104.1"
_COLOURS = {"RGB": (3, 2), "MONOCHROME2": (1, 0)}
"""Samples for each pixel, and the colour type of PNG."""


def rendered(sessions: SessionFactory, store: ObjectStore, instance: Instance) -> tuple[str, Iterable[bytes]]:
    """An object's media type and content: a film as its analysis shows it, a picture, or a document.

    Raises:
        ProblemError: `not_acceptable`, 406, for objects that are no picture, and `result_not_ready`, 409, for a film
            whose analysis is not done.
    """
    if instance.owner == "images":
        known = read(sessions, lambda session: jobs.of_image(session, instance.id))
        newest = max(known, key=lambda job: (job.created_at, job.id))
        return PNG, inference_file(store, newest, read_result(store, newest).display.file).pieces
    if instance.sop_class == _DOCUMENT:
        return PDF, _document(store, instance.object_key)
    if instance.sop_class == _SECONDARY_CAPTURE:
        return PNG, _picture(store, instance.object_key)
    raise ProblemError(406, "not_acceptable", "dicom")


def _document(store: ObjectStore, key: str) -> Iterable[bytes]:
    with store.open(key) as stream:
        header = read_header(stream)
        content = value_of(stream, header, _CONTENT) or b""
    length = number(header, "EncapsulatedDocumentLength")
    if isinstance(content, Extent):
        return pieces_of(store, key, Extent(content.start, min(content.length, length or content.length)))
    return [content[:length]]


def _picture(store: ObjectStore, key: str) -> Iterator[bytes]:
    """The first frame of a picture with 8 bits for each sample, as PNG."""
    with store.open(key) as stream:
        pixels = open_pixels(stream)
        start = stream.tell()
    said = pixels.header
    samples, colour = _COLOURS.get(text(said, "PhotometricInterpretation"), (0, 0))
    shape = [number(said, name) for name in ("SamplesPerPixel", "BitsAllocated")]
    if pixels.length is None or shape != [samples, 8] or text(said, "PlanarConfiguration") not in ("", "0"):
        raise ProblemError(406, "not_acceptable", "dicom")
    width, height = number(said, "Columns") or 0, number(said, "Rows") or 0

    def written() -> Iterator[bytes]:
        yield b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))
        squeeze = zlib.compressobj(3)
        with store.open(key) as stream:
            stream.seek(start)
            for some in _lines(stream, width * samples, height):
                if content := squeeze.compress(some):
                    yield _chunk(b"IDAT", content)
        yield _chunk(b"IDAT", squeeze.flush()) + _chunk(b"IEND", b"")

    return written()


def _lines(stream: BinaryIO, length: int, count: int) -> Iterator[bytes]:
    """The lines of a picture, some at a time, as PNG filters them: not at all."""
    at_once = max(1, PIECE // length)
    for first in range(0, count, at_once):
        yield b"".join(b"\0" + stream.read(length) for _ in range(min(at_once, count - first)))


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
