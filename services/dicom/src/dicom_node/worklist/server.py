"""A UPS-RS server (DICOM PS3.18, 11), within limits on the size and the time of its answers."""

import json
from collections.abc import Mapping, Sequence

import httpx

from dicom_node.answers import AnswerError, pieces_of
from dicom_node.http_client import http_client
from dicom_node.priors.peers import is_uid
from dicom_node.settings import NodeSettings
from dicom_node.tls import connection_problem
from dicom_node.worklist.items import STATE, STATION, TRANSACTION_UID, WORK, Json, state_change, text

_MOST_JSON = 4 * 1024 * 1024
_PAGE, _MOST_PAGES = 20, 10
_JSON = "application/dicom+json"
_SYSTEMS, _REFUSED = frozenset({401, 403, 407, 408, 425, 429}), range(400, 500)


class WorklistError(Exception):
    """A request to the server failed; it is tried again.

    Args:
        problem: Code of why.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class WorkRefusedError(WorklistError):
    """The server refused the request (4xx).

    The item is somebody else's, is over, or is no longer there; or a proxy says so in passing.
    """


class WorklistServer:
    """The work items of a server.

    Args:
        settings: The node's settings; `dicom_ups_url` is the root of the server, such as
            `https://pacs.example/dicom-web`.
    """

    def __init__(self, settings: NodeSettings) -> None:
        self._root, self._grace_s = f"{settings.dicom_ups_url.rstrip('/')}/workitems", settings.dicom_timeout_s
        self._scheduled = {STATE: "SCHEDULED", "limit": str(_PAGE)}
        if settings.dicom_ups_station:
            self._scheduled[f"{STATION}.00080100"] = settings.dicom_ups_station
        if settings.dicom_ups_procedure:
            self._scheduled[f"{WORK}.00080100"] = settings.dicom_ups_procedure
        self._http = http_client(settings.dicom_ups_token, settings.dicom_ups_ca, settings.dicom_timeout_s)

    def scheduled(self) -> Sequence[str]:
        """The UIDs of items that are scheduled for us."""
        scheduled: dict[str, None] = {}
        for page in range(_MOST_PAGES):
            offset = {"offset": str(page * _PAGE)} if page else {}
            found = self._call("GET", "", query=self._scheduled | offset)
            uids = [uid for each in found if is_uid(uid := text(each, "00080018")) and _is_scheduled(each)]
            is_same = scheduled.keys() >= set(uids)  # a server without offsets begins anew
            scheduled |= dict.fromkeys(uids)
            if is_same or len(found) < _PAGE:
                break
        return list(scheduled)

    def item(self, uid: str) -> Json:
        """A work item."""
        found = self._call("GET", f"/{uid}")
        if not found:
            raise WorklistError("answer_unreadable")
        return found[0]

    def change_state(self, uid: str, state: str, transaction_uid: str) -> None:
        """Claim an item, complete it or cancel it."""
        self._call("PUT", f"/{uid}/state", state_change(state, transaction_uid))

    def update(self, uid: str, change: Json) -> None:
        """Change attributes of an item that we perform."""
        self._call("POST", f"/{uid}", change, {"transaction-uid": text(change, TRANSACTION_UID)})

    def _call(
        self, method: str, place: str, body: Json | None = None, query: Mapping[str, str] | None = None
    ) -> list[Json]:
        """The data sets of an answer.

        Raises:
            WorkRefusedError: The server refused it.
            WorklistError: It failed in another way.
        """
        headers = {"Accept": _JSON} | ({"Content-Type": _JSON} if body is not None else {})
        content = None if body is None else json.dumps([body]).encode()
        try:
            with self._http.stream(
                method, f"{self._root}{place}", params=query, content=content, headers=headers
            ) as answer:
                said = b"".join(pieces_of(answer, _MOST_JSON, self._grace_s))
        except AnswerError as error:
            raise WorklistError(error.problem) from None
        except httpx.HTTPError as error:
            raise WorklistError(connection_problem(error)) from None
        if answer.status_code in _REFUSED and answer.status_code not in _SYSTEMS:
            raise WorkRefusedError(f"http_{answer.status_code}")
        if not answer.is_success:
            raise WorklistError(f"http_{answer.status_code}")
        return _data_sets(said) if method == "GET" else []


def _is_scheduled(item: Json) -> bool:
    return text(item, STATE) in ("", "SCHEDULED")


def _data_sets(content: bytes) -> list[Json]:
    try:
        said = json.loads(content or b"[]")
    except (ValueError, RecursionError):
        raise WorklistError("answer_unreadable") from None
    found = said if isinstance(said, list) else [said]
    if not all(isinstance(each, dict) for each in found):
        raise WorklistError("answer_unreadable")
    return found
