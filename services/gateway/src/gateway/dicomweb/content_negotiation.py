"""Negotiates the media types of WADO-RS (DICOM PS3.18, 8.7)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from fastapi import Request

from gateway.accepting import weight_of
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
        refused: What the request does not accept (`q=0`), each as the three above.
    """

    media_type: str
    is_multipart: bool
    syntax: str | None
    refused: frozenset[tuple[str, bool, str | None]] = frozenset()

    def takes(self, media_type: str, syntax: str | None = None) -> bool:
        """Whether it takes a media type, in a transfer syntax where one is named.

        What the request refuses counts where it is more precise than this range.
        """
        kinds = [media_type, f"{media_type.partition('/')[0]}/*", "*/*"]
        if self.media_type not in kinds or (syntax is not None and self.syntax not in (None, "*", syntax)):
            return False
        closer = {(each, said) for each in kinds[: kinds.index(self.media_type)] for said in (None, "*", syntax)}
        if self.syntax in (None, "*") and syntax is not None:
            closer.add((self.media_type, syntax))
        return self.refused.isdisjoint((each, self.is_multipart, said) for each, said in closer)


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
    """The media ranges that a request accepts, by their weights and in their order.

    Args:
        request: The request.
        default: The media type of parts where the request names none.
    """
    ranges = list(_ranges(request.headers.get("accept") or "*/*", default))
    refused = frozenset((each.media_type, each.is_multipart, each.syntax) for weight, each in ranges if weight == 0)
    ranges.sort(key=lambda pair: -pair[0])
    return [replace(each, refused=refused) for weight, each in ranges if weight > 0]


def _ranges(header: str, default: str) -> Iterator[tuple[float, MediaRange]]:
    for said in header.split(","):
        kind, _, rest = said.partition(";")
        kind = kind.strip().lower()
        parameters = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(rest)}
        syntax, weight = parameters.get("transfer-syntax"), weight_of(parameters.get("q"))
        if kind in ("multipart/related", "*/*", "multipart/*"):
            media_type = parameters.get("type", default if kind == "multipart/related" else "*/*").lower()
            yield weight, MediaRange(media_type, True, syntax)
        else:
            yield weight, MediaRange(kind, False, syntax)
