"""Answers that are JSON arrays of data sets, which are sent while they are made."""

import json
from collections.abc import Iterable, Iterator, Mapping

from fastapi.responses import Response

from gateway.dicomweb.headers import Json
from gateway.dicomweb.schemas import DICOM_JSON
from gateway.streaming import StreamedResponse

_HELD_BYTES = 1024 * 1024


def json_array(data_sets: Iterable[Json], headers: Mapping[str, str] | None = None) -> Response:
    """An answer of data sets.

    Up to a mebibyte is made before the answer begins, so that an object that cannot be read is a problem document. What
    follows is made as the client takes it: a header may have 4 MiB, and a case any number of objects.

    Args:
        data_sets: Data sets in the DICOM JSON model.
        headers: Headers of the answer.
    """
    pieces = _encoded(data_sets)
    held, size = list[bytes](), 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size > _HELD_BYTES:
            return StreamedResponse(_continued(held, pieces), media_type=DICOM_JSON, headers=headers)
    return Response(b"".join(held), media_type=DICOM_JSON, headers=headers)


def _continued(held: list[bytes], pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield b"".join(held)
    held.clear()
    yield from pieces


def _encoded(data_sets: Iterable[Json]) -> Iterator[bytes]:
    separator = b"["
    for each in data_sets:
        yield separator + json.dumps(each, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        separator = b","
    yield b"]" if separator == b"," else b"[]"
