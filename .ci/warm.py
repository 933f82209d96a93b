"""Forks the processes of pytest-xdist from one that has imported the slow packages, TensorFlow above all.

pytest-xdist starts each process by a command, here `python .ci/warm.py SOCKET`, which gives its standard streams to a
process that is forked, and waits for its end. Packages of Lobule are not imported in advance, because the coverage of
each process is measured from their import on.
"""

import gc
import importlib
import os
import select
import socket
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import execnet

PACKAGES = (
    *("alembic", "celery", "dicomweb_client", "fastapi", "fastapi.testclient", "highdicom", "httpx", "hypothesis"),
    *("keras", "playwright.sync_api", "pydicom", "pynetdicom", "pypdf", "redis", "schemathesis", "skimage.measure"),
    *("sqlalchemy.orm", "tensorflow", "tifffile", "typer.testing", "uvicorn"),
)
_STREAMS = (0, 1, 2)


@contextmanager
def forked_processes(specs: "Sequence[execnet.XSpec]") -> Iterator[None]:
    """Have pytest-xdist start the processes of `specs` as forks."""
    with tempfile.TemporaryDirectory() as folder:
        with socket.socket(socket.AF_UNIX) as server:
            path = Path(folder) / "fork"
            server.bind(str(path))
            server.listen()
            command = [sys.executable, __file__, "--serve", str(server.fileno())]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[server.fileno()])
        for spec in specs:
            spec.python = f"{sys.executable} -S {__file__} {path}"
        with process:
            yield  # its end closes the standard input, which ends the process


def serve(server: socket.socket) -> bool:
    """Fork a process for each client until the standard input is closed; returns whether this is a forked process."""
    gc.disable()
    with warnings.catch_warnings(action="ignore"):
        for name in PACKAGES:
            importlib.import_module(name)
    gc.freeze()
    while sys.stdin not in select.select([server, sys.stdin], [], [])[0]:
        client, _ = server.accept()
        _, streams, _, _ = socket.recv_fds(client, 1, len(_STREAMS))
        if os.fork() == 0:
            server.close()
            client.detach()  # closed by the end of the process
            for stream, its in zip(streams, _STREAMS, strict=True):
                os.dup2(stream, its)
                os.close(stream)
            return True
        for stream in streams:
            os.close(stream)
        client.close()
    with suppress(ChildProcessError):
        while True:
            os.wait()
    return False


def ask(path: str) -> None:
    """Give the standard streams away, and wait for the end of the process that got them."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        socket.send_fds(client, [b"."], _STREAMS)
        client.recv(1)


if __name__ == "__main__":
    if sys.argv[1] != "--serve":
        ask(sys.argv[1])
    elif serve(socket.socket(fileno=int(sys.argv[2]))):
        sys.argv[:] = ["-c"]
        exec(eval(sys.stdin.readline()))  # noqa: S102, S307 - the program that pytest-xdist sends
