"""Parts of the system of `bench/fault_world.py`: webhook receivers, a small disk, a faulty S3, an adjustable clock."""

import logging
import os
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

DISK_BYTES, RESERVE_BYTES = 512 * 1024 * 1024, 8 * 1024 * 1024  # the results of 2,000 jobs take 200 MB


def mount(folder: Path) -> bool:
    """Mount a small file system on a folder; False if that is not permitted."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "tmpfs", str(folder)]
    return os.geteuid() == 0 and subprocess.run(command, check=False, capture_output=True).returncode == 0


def remount(folder: Path, how: str) -> bool:
    """Make a disk read-only (`ro`), which fails while a file is being written, or writable (`rw`)."""
    return subprocess.run(["mount", "-o", f"remount,{how}", folder], check=False, capture_output=True).returncode == 0


class FaultyS3:
    """An S3 server that can be told to answer 500 or to delay its answers.

    Attributes:
        failing: Whether it answers 500.
        pause_s: Seconds that it waits before it answers.
    """

    def __init__(self) -> None:
        import boto3
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.failing, self.pause_s = False, 0.0
        self._inner = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}
        self.environment = {**keys, "LOBULE_OBJECT_STORE_URL": "s3://faults/x", "LOBULE_S3_ENDPOINT_URL": self.url}
        known = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
        boto3.client("s3", endpoint_url=self.url, **known).create_bucket(Bucket="faults")

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        time.sleep(self.pause_s)
        if self.failing:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start("500 Internal Server Error", [("Content-Length", "0")])
            return [b""]
        return self._inner(environ, start)

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()


class Clock:
    """The clock of some processes, which libfaketime can step while they run.

    Args:
        folder: Folder for its file.

    Attributes:
        command: Prefix of a process's command; empty if libfaketime is not installed.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
        settings = {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": self._file,
            "FAKETIME_CACHE_DURATION": 1,
            "FAKETIME_DONT_FAKE_MONOTONIC": 1,
        }
        self.command = ["env", *(f"{name}={value}" for name, value in settings.items())] if library else []
        self.step(0)

    def step(self, seconds: int) -> None:
        """Set the processes' clock this far ahead."""
        self._file.write_text(f"{seconds:+d}\n")


def receiver(deliveries: Counter[str]) -> ThreadingHTTPServer:
    """A webhook receiver that counts the deliveries of each message."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            deliveries[self.headers["webhook-id"]] += 1
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    return _serving(Handler)


def dripping_receiver() -> ThreadingHTTPServer:
    """A webhook receiver that never ends its answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            with suppress(OSError):
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
                while True:
                    self.wfile.write(b"a")
                    time.sleep(1)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return _serving(Handler)


def _serving(handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
