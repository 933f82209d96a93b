"""Systems of a hospital on loopback: an MLLP server (hl7apy), and HTTP servers that receive posts."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from socketserver import BaseServer
from types import SimpleNamespace

from dicom_faults import free_port
from hl7apy.mllp import AbstractHandler, MLLPServer
from hl7apy.parser import parse_message
from silent_server import SilentHandler


class Taking(AbstractHandler):
    """Acknowledges a message with the configured code."""

    def __init__(self, message: str, told: SimpleNamespace) -> None:
        super().__init__(message)
        self.told = told

    def reply(self) -> str:
        self.told.messages.append(self.incoming_message)
        control = self.told.control or parse_message(self.incoming_message).msh.msh_10.value
        said = f"MSH|^~\\&|RIS||LOBULE||20260101||ACK|A1|P|2.5.1\rMSA|{self.told.code}|{control}\r"
        return f"\x0b{said}\x1c\x0d"


@contextmanager
def mllp_server() -> Iterator[SimpleNamespace]:
    """Receive reports; `messages` contains them, `code` and `control` determine the acknowledgment."""
    told = SimpleNamespace(messages=[], code="AA", control=None, port=free_port())
    server = MLLPServer("127.0.0.1", told.port, {"ORU^R01^ORU_R01": (Taking, told)})
    server.daemon_threads = True
    with serving(server):
        yield told


@contextmanager
def _web_server(handler: type[SilentHandler], path: str, seen: SimpleNamespace) -> Iterator[SimpleNamespace]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    seen.url = f"http://127.0.0.1:{server.server_port}{path}"
    with serving(server):
        yield seen


@contextmanager
def fhir_server() -> Iterator[SimpleNamespace]:
    """Receive bundles; `bodies` contains them, `status` is the answer's, with an OperationOutcome."""
    seen = SimpleNamespace(status=200, bodies=[], headers={})

    class Handler(SilentHandler):
        def do_POST(self) -> None:  # noqa: N802 - a name of http.server
            seen.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            seen.headers = dict(self.headers)
            issue = {"severity": "error", "code": "invalid", "diagnostics": "P1 is unknown here"}
            said = {"resourceType": "OperationOutcome", "issue": [issue]}
            self.answer(seen.status, json.dumps(said).encode(), "application/fhir+json")

    with _web_server(Handler, "/fhir", seen):
        yield seen


@contextmanager
def stow_server() -> Iterator[SimpleNamespace]:
    """Receive multipart bodies of one part; `parts` contains them, `status` and `said` determine the answer.

    Searches find nothing.
    """
    seen = SimpleNamespace(status=200, said={}, parts=[], headers={}, paths=[])

    class Handler(SilentHandler):
        def do_GET(self) -> None:  # noqa: N802 - a name of http.server
            self.answer(seen.status, b"[]", "application/dicom+json")

        def do_POST(self) -> None:  # noqa: N802 - a name of http.server
            body = b"".join(self._chunks())
            boundary = self.headers["Content-Type"].rpartition("boundary=")[2].encode()
            [part] = body.split(b"--" + boundary)[1:-1]
            seen.parts.append(part.partition(b"\r\n\r\n")[2][:-2])
            seen.headers, seen.paths = dict(self.headers), [*seen.paths, self.path]
            self.answer(seen.status, json.dumps(seen.said).encode(), "application/dicom+json")

        def _chunks(self) -> Iterator[bytes]:
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()

    with _web_server(Handler, "/dicom-web", seen):
        yield seen


@contextmanager
def serving(server: BaseServer) -> Iterator[None]:
    """Run a server in a separate thread."""
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
