"""Finds and fetches priors by QIDO-RS and WADO-RS (DICOM PS3.18)."""

import json
import mmap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from dicom_node.answers import AnswerError, pieces_of
from dicom_node.http_client import http_client
from dicom_node.priors.choosing import FoundStudy, PriorCriteria
from dicom_node.priors.dimse import day
from dicom_node.priors.peers import MOST_FILMS, MOST_STUDIES, FoundFilm, PeerError, is_uid
from dicom_node.privacy import without_password
from dicom_node.settings import NodeSettings
from dicom_node.tls import connection_problem

_MOST_JSON = 8 * 1024 * 1024
_SLACK = 64 * 1024
_LONGEST_BOUNDARY = 2 + 70
"""Bytes with the hyphens before it (RFC 2046, 5.1.1)."""
_TYPE = 'multipart/related; type="application/dicom"; transfer-syntax=*'


class DicomwebPeer:
    """A system that has priors and speaks DICOMweb.

    Args:
        url: Root of the service, such as `https://pacs.example/dicom-web`; it may contain a name and a password.
        settings: The node's settings.
        token: Bearer token for the service.
        ca: Certificates that are trusted for it.
    """

    def __init__(self, url: str, settings: NodeSettings, token: SecretStr | None, ca: Path | None) -> None:
        self._root, self._most = httpx.URL(url), settings.dicom_max_object_bytes
        self.name, self._grace_s = without_password(url), settings.dicom_timeout_s
        self.is_plain = self._root.scheme == "http"
        self._http = http_client(token, ca, settings.dicom_timeout_s)

    def studies(self, criteria: PriorCriteria) -> Sequence[FoundStudy]:
        """See `Peer`."""
        query = {
            "PatientID": criteria.patient_id,
            "StudyDate": criteria.days,
            "ModalitiesInStudy": "MG",
            "includefield": "00100030",
            "limit": str(MOST_STUDIES),
        }
        return [study for each in self._search("studies", query) if is_uid((study := _study(each)).study_uid)]

    def films(self, study_uid: str) -> Sequence[FoundFilm]:
        """See `Peer`."""
        found = self._search(f"studies/{study_uid}/instances", {"Modality": "MG", "limit": str(MOST_FILMS)})
        films = [
            FoundFilm(_text(each, "0020000E"), _text(each, "00080018"), _text(each, "00080016"))
            for each in found[:MOST_FILMS]
        ]
        return [film for film in films if is_uid(film.series_uid) and is_uid(film.sop_instance_uid)]

    def fetch(self, study_uid: str, film: FoundFilm, path: Path) -> None:
        """See `Peer`."""
        place = f"studies/{study_uid}/series/{film.series_uid}/instances/{film.sop_instance_uid}"
        with path.open("wb") as file:
            content_type = self._get(place, {}, _TYPE, self._most, file.write)
        _keep_first_part(path, content_type)

    def _search(self, place: str, query: Mapping[str, str]) -> list[Mapping[str, Any]]:
        content = bytearray()
        self._get(place, query, "application/dicom+json", _MOST_JSON, content.extend)
        try:
            found = json.loads(content or b"[]")
        except (ValueError, RecursionError):
            raise PeerError("qido_unreadable") from None
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise PeerError("qido_unreadable")
        return found

    def _get(
        self, place: str, query: Mapping[str, str], accept: str, most: int, take: Callable[[bytes], object]
    ) -> str:
        """Have the pieces of an answer taken as they come, and return its content type."""
        url = self._root.copy_with(path=f"{self._root.path.rstrip('/')}/{place}")
        try:
            with self._http.stream("GET", url, params=query or None, headers={"Accept": accept}) as answer:
                if not answer.is_success:
                    raise PeerError(f"http_{answer.status_code}")
                for piece in pieces_of(answer, most + _SLACK, self._grace_s):
                    take(piece)
                return answer.headers.get("Content-Type", "")
        except AnswerError as error:
            raise PeerError(error.problem) from None
        except httpx.HTTPError as error:
            raise PeerError(connection_problem(error)) from None


def _keep_first_part(path: Path, content_type: str) -> None:
    """Reduce an answer, which may be multipart, to the file in it. It is changed in place, since it may be large.

    Raises:
        PeerError: It has none.
    """
    if not content_type.lower().startswith("multipart/"):
        return
    if not path.stat().st_size:  # cannot be mapped
        raise PeerError("wado_unreadable")
    with path.open("r+b") as file:
        with mmap.mmap(file.fileno(), 0) as content:
            begin, end = _first_part(content)
            content.move(0, begin, end - begin)
        file.truncate(end - begin)


def _first_part(content: mmap.mmap) -> tuple[int, int]:
    """Where the first part of a multipart answer begins and ends."""
    start = content.find(b"--")
    line = content[start : content.find(b"\r\n", start)] if start >= 0 else b""
    head = content.find(b"\r\n\r\n", start)
    if head < 0 or not 3 <= len(line) <= _LONGEST_BOUNDARY:
        raise PeerError("wado_unreadable")
    end = content.find(b"\r\n" + line, head + 4)
    if end < 0:
        raise PeerError("wado_unreadable")
    return head + 4, end


def _study(match: Mapping[str, Any]) -> FoundStudy:
    return FoundStudy(
        study_uid=_text(match, "0020000D"),
        patient_id=_text(match, "00100020"),
        birth_date=_text(match, "00100030"),
        study_date=day(_text(match, "00080020")),
        modalities=frozenset(map(str, _values(match, "00080061"))),
    )


def _values(match: Mapping[str, Any], tag: str) -> Sequence[Any]:
    element = match.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return values if isinstance(values, list) else []


def _text(match: Mapping[str, Any], tag: str) -> str:
    values = _values(match, tag)
    return str(values[0]) if values else ""
