"""Renders objects as PNG or PDF."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from sqlalchemy.orm import Session

from gateway.dicomweb.frames import frames, open_pixels
from gateway.dicomweb.headers import read_header, text
from gateway.dicomweb.repository import Instance
from gateway.errors import ProblemError
from gateway.jobs import repository as jobs
from gateway.jobs.results import read_inference_file, read_result
from lobule.storage import ObjectStore

if TYPE_CHECKING:  # pydicom brings NumPy, which a gateway without DICOMweb never needs
    from pydicom.dataset import Dataset

PNG, PDF = "image/png", "application/pdf"
_SECONDARY_CAPTURE, _DOCUMENT = "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.104.1"
_COLOURS = {"RGB": (3, 2), "MONOCHROME2": (1, 0)}
"""Samples for each pixel, and the colour type of PNG."""


def rendered(session: Session, store: ObjectStore, instance: Instance) -> tuple[str, bytes]:
    """An object's media type and content: a film as its analysis shows it, a picture, or a document.

    Raises:
        ProblemError: `not_acceptable`, 406, for objects that are no picture, and `result_not_ready`, 409, for a film
            whose analysis is not done.
    """
    if instance.owner == "images":
        newest = max(jobs.of_image(session, instance.id), key=lambda job: (job.created_at, job.id))
        return PNG, read_inference_file(store, newest, read_result(store, newest).display.file)
    with store.open(instance.object_key) as stream:
        if instance.sop_class == _DOCUMENT:
            return PDF, _document(read_header(stream))
        if instance.sop_class == _SECONDARY_CAPTURE:
            return PNG, _picture(stream)
    raise ProblemError(406, "not_acceptable", "dicom")


def _document(header: Dataset) -> bytes:
    content = bytes(header.get("EncapsulatedDocument") or b"")
    length = text(header, "EncapsulatedDocumentLength")
    return content[: int(length)] if length.isdigit() else content


def _picture(stream: BinaryIO) -> bytes:
    """The first frame of a picture with 8 bits for each sample, as PNG."""
    pixels = open_pixels(stream)
    said = pixels.header
    samples, colour = _COLOURS.get(text(said, "PhotometricInterpretation"), (0, 0))
    planes = int(said.get("PlanarConfiguration") or 0)
    if pixels.length is None or not samples or said.BitsAllocated != 8 or planes:
        raise ProblemError(406, "not_acceptable", "dicom")
    width, height = int(said.Columns), int(said.Rows)
    content = next(frames(stream, pixels, [1]))
    lines = b"".join(_lines(content, width * samples))
    head = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(lines, 3)) + _chunk(b"IEND", b"")
    )


def _lines(content: bytes, length: int) -> Iterator[bytes]:
    for start in range(0, len(content), length):
        yield b"\0" + content[start : start + length]


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
