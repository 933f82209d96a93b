"""A small UPS-RS server with the films of its items, which implements the states of DICOM PS3.4, annex CC."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pydicom
from hospital_peers import serving
from silent_server import SilentHandler

STATE, TRANSACTION, PERFORMED = "00741000", "00081195", "00741216"
STUDY, SERIES, INSTANCE, CLASS = "0020000D", "0020000E", "00080018", "00080016"


def said(representation: str, *values: object) -> dict:
    """An attribute in the DICOM JSON model."""
    return {"vr": representation, "Value": list(values)}


def code(value: str) -> dict:
    """A sequence with one code."""
    meaning = {"00080100": said("SH", value), "00080102": said("SH", "99TEST"), "00080104": said("LO", value)}
    return said("SQ", meaning)


def work_item(
    uid: str, films: list[Path], station: str = "LOBULE", procedure: str = "CAD", *, named: bool = True
) -> dict:
    """An item that requests the reading of films; `named` refers to them by UID instead of by study."""
    headers = [pydicom.dcmread(film, stop_before_pixels=True) for film in films]
    inputs = []
    for header in headers if named else headers[:1]:
        part = {"0040E020": said("CS", "DICOM"), STUDY: said("UI", header.StudyInstanceUID)}
        if named:
            reference = {"00081150": said("UI", header.SOPClassUID), "00081155": said("UI", header.SOPInstanceUID)}
            part |= {SERIES: said("UI", header.SeriesInstanceUID), "00081199": said("SQ", reference)}
        inputs.append(part)
    return {
        INSTANCE: said("UI", uid),
        STATE: said("CS", "SCHEDULED"),
        "00404025": code(station),
        "00404018": code(procedure),
        "00404021": said("SQ", *inputs),
    }


def serve_film(server: SimpleNamespace, path: Path) -> None:
    """Make a server serve a film as well."""
    header = pydicom.dcmread(path, stop_before_pixels=True)
    server.films[header.SOPInstanceUID] = (header, path)


@contextmanager
def ups_server(films: list[Path]) -> Iterator[SimpleNamespace]:
    """Serve `items` by UID, and films; `away` makes it answer 503, `calls` contains the received requests."""
    server = SimpleNamespace(items={}, owners={}, away=False, calls=[], films={}, tokens=set())
    for path in films:
        serve_film(server, path)

    class Handler(SilentHandler):
        def do_GET(self) -> None:  # noqa: N802 - a name of http.server
            place, query = self._asked()
            if place == ["workitems"]:
                start = int(query.get("offset", 0))
                found = [item for item in server.items.values() if _fits(item, query)][start:][: int(query["limit"])]
                self._answer(200 if found else 204, found)
            elif place[0] == "workitems":
                self._answer(200, [server.items[place[1]]]) if place[1] in server.items else self._answer(404, [])
            elif place[-1] == "instances":
                self._answer(200, [_described(header) for header, _ in server.films.values()])
            elif place[-1] in server.films:
                content = server.films[place[-1]][1].read_bytes()
                body = b"--xx\r\nContent-Type: application/dicom\r\n\r\n" + content + b"\r\n--xx--\r\n"
                self.answer(200, body, 'multipart/related; type="application/dicom"; boundary=xx')
            else:
                self._answer(404, [])

        def do_PUT(self) -> None:  # noqa: N802
            place, _ = self._asked()
            [change] = self._body()
            item = server.items.get(place[1])
            if item is None:
                self._answer(404, [])
                return
            transaction = change[TRANSACTION]["Value"][0]
            allowed = _may_change(item, change[STATE]["Value"][0], server.owners.get(place[1]) == transaction)
            if allowed:
                server.owners[place[1]] = transaction
                item[STATE] = change[STATE]
            self._answer(200 if allowed else 409, [])

        def do_POST(self) -> None:  # noqa: N802
            place, query = self._asked()
            [change] = self._body()
            owner = server.owners.get(place[1])
            if owner is None or change.pop(TRANSACTION)["Value"] != [owner] or query["transaction-uid"] != owner:
                self._answer(409, [])
                return
            server.items[place[1]] |= change
            self._answer(200, [])

        def _asked(self) -> tuple[list[str], dict[str, str]]:
            url = urlsplit(self.path)
            server.calls.append((self.command, url.path))
            server.tokens.add(self.headers.get("Authorization", ""))
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            return url.path.removeprefix("/rs/").split("/"), query

        def _body(self) -> list[dict]:
            return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, status: int, found: list[dict]) -> None:
            content = b"" if status == 204 else json.dumps(found).encode()
            self.answer(503 if server.away else status, content, "application/dicom+json")

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{listening.server_port}/rs"
    with serving(listening):
        yield server


def _fits(item: dict, query: dict[str, str]) -> bool:
    for name, wanted in query.items():
        if name in ("limit", "offset"):
            continue
        sequence, _, tag = name.rpartition(".")
        inner = item[sequence]["Value"][0] if sequence else item
        if inner[tag]["Value"][0] != wanted:
            return False
    return True


def _may_change(item: dict, wanted: str, is_owner: bool) -> bool:
    now = item[STATE]["Value"][0]
    if wanted == "IN PROGRESS":
        return now == "SCHEDULED"
    return now == "IN PROGRESS" and is_owner and (wanted == "CANCELED" or _is_performed(item))


def _is_performed(item: dict) -> bool:
    """Whether an item has the attributes that the final state requires (PS3.4, table CC.2.5-3)."""
    step = item.get(PERFORMED, {"Value": [{}]})["Value"][0]
    return {"00404050", "00404051", "00404028", "00404019", "00404033"} <= step.keys()


def _described(header: pydicom.Dataset) -> dict:
    return {
        SERIES: said("UI", header.SeriesInstanceUID),
        INSTANCE: said("UI", header.SOPInstanceUID),
        CLASS: said("UI", header.SOPClassUID),
    }
