"""A digest of a film that does not depend on how its data set is encoded."""

import hashlib
from collections.abc import Callable, Iterator, Set
from typing import BinaryIO

from lobule.errors import AnalysisError
from lobule.imaging.dicom.elements import ITEM, UNDEFINED, Elements
from lobule.imaging.dicom.file import DicomFile, open_dicom
from lobule.imaging.dicom.source import EndOfFileError, TooMuchError
from lobule.imaging.dicom.vocabulary import Tag

_PIECE = 1024 * 1024
_ITEM = (ITEM >> 16).to_bytes(2, "little") + (ITEM & 0xFFFF).to_bytes(2, "little")

PATIENT = frozenset({Tag.PATIENT_NAME, Tag.PATIENT_ID, Tag.ISSUER_OF_PATIENT_ID, Tag.PATIENT_BIRTH_DATE})
"""The tags that name a patient; a de-identified file has none of them, or a pseudonym."""


def film_digest(stream: BinaryIO, without: Set[int] = frozenset()) -> str:
    """The SHA-256 of the tags that Lobule reads of a film, and of its pixels, which are not decoded.

    It is the same for implicit and explicit representations, for defined and undefined lengths, and whatever other tags
    there are: archives and modalities send an object again in another of these forms.

    Args:
        stream: Seekable stream of the file.
        without: Tags that are left out.

    Raises:
        AnalysisError: See `open_dicom`; `image_truncated` if the pixels end early.
    """
    film, digest = open_dicom(stream), hashlib.sha256()
    _add({tag: element for tag, element in film.tags.elements.items() if tag not in without}, digest.update)
    is_native = film.pixels is not None and film.pixels.length != UNDEFINED
    digest.update(f"{film.little}:{'native' if is_native else film.syntax}".encode())
    try:
        for piece in _pieces(film):
            digest.update(piece)
    except (EndOfFileError, TooMuchError):
        raise AnalysisError("image_truncated", "pixels") from None
    return digest.hexdigest()


def _add(elements: Elements, update: Callable[[bytes], object]) -> None:
    for tag, element in sorted(elements.items()):
        update(tag.to_bytes(4, "big"))
        if isinstance(element.value, bytes):
            value = element.value.rstrip(b" \0")  # padding
            update(len(value).to_bytes(4, "big") + value)
            continue
        for item in element.value:
            update(b"item")
            _add(item, update)
        update(b"end")


def _pieces(film: DicomFile) -> Iterator[bytes]:
    """The bytes of the pixels; of compressed ones, the fragments, each with its length."""
    if film.pixels is None:
        return
    if film.pixels.length != UNDEFINED:
        yield from _read(film, film.pixels.length)
        return
    while film.source.peek(4) == _ITEM:
        head = film.source.read(8)
        yield head
        yield from _read(film, int.from_bytes(head[4:], "little"))


def _read(film: DicomFile, left: int) -> Iterator[bytes]:
    while left > 0:
        piece = film.source.some(min(_PIECE, left))
        yield piece
        left -= len(piece)
