"""Stores results by STOW-RS (DICOM PS3.18, 10.5) in systems that speak DICOMweb."""

import json
import secrets
from collections.abc import Iterator
from typing import BinaryIO

import httpx

from dicom_node.answers import AnswerError, pieces_of
from dicom_node.http_client import http_client
from dicom_node.journal.outgoing import Sending
from dicom_node.peers import StowPlace
from dicom_node.results.files import ResultFiles
from dicom_node.sending.outbox import Courier, NotDeliveredError, Outbox
from dicom_node.settings import NodeSettings
from dicom_node.tls import connection_problem

_PIECE = 256 * 1024
_MOST_ANSWER = 256 * 1024
_FAILED, _OTHERS, _REASON = "00081198", "0008119A", "00081197"
_UNSAID = 0x0110
"""The reason of a failure whose reason is not said: processing failure."""
_THERE = 0x0111
"""The reason of an object that was stored before (PS3.18, annex I): UIDs of results are never used twice."""


class StowClient:
    """Stores objects at one system.

    Args:
        place: The system.
        settings: The node's settings.
    """

    def __init__(self, place: StowPlace, settings: NodeSettings) -> None:
        self._url, self._grace_s = f"{place.root.rstrip('/')}/studies", settings.dicom_timeout_s
        self._http = http_client(settings.dicom_stow_token, settings.dicom_stow_ca, settings.dicom_timeout_s)

    def store(self, stream: BinaryIO) -> None:
        """Store one object; it is stored where the answer is 2xx and names no failure.

        Raises:
            NotDeliveredError: It is not stored.
        """
        boundary = secrets.token_hex(16)
        headers = {
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
            "Accept": "application/dicom+json",
        }
        try:
            with self._http.stream("POST", self._url, headers=headers, content=_body(stream, boundary)) as answer:
                reason = self._failure(answer)
                if reason == _THERE:
                    return
                if reason is not None:
                    raise NotDeliveredError(f"status_{reason:04X}")
                if not answer.is_success:
                    raise NotDeliveredError(f"http_{answer.status_code}")
        except httpx.HTTPError as error:
            raise NotDeliveredError(connection_problem(error)) from None

    def _failure(self, answer: httpx.Response) -> int | None:
        """The reason of a failure that the answer names; None if it names none, or is of another form."""
        try:
            said = json.loads(b"".join(pieces_of(answer, _MOST_ANSWER, self._grace_s)) or b"{}")
            [item, *_] = (said.get(_FAILED) or said[_OTHERS])["Value"]
            reason = int(item.get(_REASON, {}).get("Value", [_UNSAID])[0])
            return reason if 0 <= reason <= 0xFFFF else _UNSAID  # it becomes a code, of which there must be few
        except (AnswerError, ValueError, OverflowError, KeyError, TypeError, AttributeError, IndexError):
            return None


class StowCourier(Courier):
    """Stores results at one system.

    Args:
        place: The system.
        files: The results.
        outbox: The node's outbox.
        settings: The node's settings.
    """

    def __init__(self, place: StowPlace, files: ResultFiles, outbox: Outbox, settings: NodeSettings) -> None:
        super().__init__(place.recipient, outbox)
        self._files, self._stow = files, StowClient(place, settings)

    def deliver(self, sending: Sending) -> None:
        """Store one object."""
        with self._files.path_of(sending.sop_instance_uid, sending.kind).open("rb") as stream:
            self._stow.store(stream)


def _body(stream: BinaryIO, boundary: str) -> Iterator[bytes]:
    """The object as the one part of a multipart body, read piece by piece."""
    yield f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    while piece := stream.read(_PIECE):
        yield piece
    yield f"\r\n--{boundary}--\r\n".encode()
