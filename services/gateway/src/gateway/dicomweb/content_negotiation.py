"""Negotiates the media types of WADO-RS (DICOM PS3.18, 8.7)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import Request

from gateway.errors import ProblemError

OCTETS = "application/octet-stream"

# A name begins where no other character of a name is before it: a long word is looked at once, not from each letter on.
_PARAMETER = re.compile(r'(?<![\w-])([\w-]+)\s*=\s*(?:"([^"]*)"|([^;\s]+))')


@dataclass(frozen=True)
class MediaRange:
    """A media range of `Accept`.

    Attributes:
        media_type: Media type of the answer, or of its parts if these are requested.
        is_multipart: Whether the answer consists of parts.
        syntax: The requested transfer syntax; `*` for any, None if the request names none.
    """

    media_type: str
    is_multipart: bool
    syntax: str | None

    def takes(self, media_type: str, syntax: str | None = None) -> bool:
        """Whether it takes a media type, in a transfer syntax where one is named."""
        main = media_type.partition("/")[0]
        kinds = (media_type, f"{main}/*", "*/*")
        return self.media_type in kinds and (syntax is None or self.syntax in (None, "*", syntax))


def choose_frame_type(request: Request, media_type: str, syntax: str) -> str:
    """The media type of frames: their own, or octets if the request names their transfer syntax or any.

    Args:
        request: The request.
        media_type: Media type of the stored frames.
        syntax: Transfer syntax of the stored frames.

    Raises:
        ProblemError: `not_acceptable`, 406.
    """
    for each in accepted(request, OCTETS):
        if each.takes(media_type, syntax):
            return media_type
        if each.media_type == OCTETS and each.syntax in ("*", syntax):
            return OCTETS
    raise ProblemError(406, "not_acceptable", "dicom")


def accepted(request: Request, default: str) -> list[MediaRange]:
    """The media ranges of a request, in their order.

    Args:
        request: The request.
        default: The media type of parts where the request names none.
    """
    return list(_ranges(request.headers.get("accept") or "*/*", default))


def _ranges(header: str, default: str) -> Iterator[MediaRange]:
    for said in header.split(","):
        kind, _, rest = said.partition(";")
        kind = kind.strip().lower()
        parameters = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(rest)}
        syntax = parameters.get("transfer-syntax")
        if kind in ("multipart/related", "*/*", "multipart/*"):
            media_type = parameters.get("type", default if kind == "multipart/related" else "*/*").lower()
            yield MediaRange(media_type, True, syntax)
        else:
            yield MediaRange(kind, False, syntax)
