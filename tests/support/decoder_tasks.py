"""Tasks of a decoder process that is under the control of hostile bytes."""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np

from lobule.decoding.wire import Decoded


def crash(data: bytes) -> Decoded:
    ctypes.string_at(0)
    raise AssertionError("address 0 can be read")


def tell_content(data: bytes) -> Decoded:
    return Decoded(json.dumps([len(data), zlib.crc32(data)]))


def take_memory(data: bytes) -> Decoded:
    return Decoded("", {"pixels": np.ones(1 << 31, np.uint8)})


def write_much(data: bytes) -> Decoded:
    return Decoded("", {"pixels": np.zeros(1 << 25, np.uint8)})


def compute(data: bytes) -> Decoded:
    while True:
        pass


def sleep(data: bytes) -> Decoded:
    time.sleep(3600)
    raise AssertionError


def raise_anything(data: bytes) -> Decoded:
    raise LookupError(data.decode())


def attempt(data: bytes, what: str) -> Decoded:
    """Try an operation that decoding never needs, and return its outcome."""
    attempts = {
        "read a file": lambda: Path("/etc/passwd").read_bytes(),
        "write a file": lambda: Path("/tmp/decoder").write_bytes(b""),
        "list a folder": lambda: list(Path("/").iterdir()),
        "connect": socket.socket,
        "start a program": lambda: subprocess.run(["/bin/true"]),
        "fork": os.fork,
        "end its parent": lambda: os.kill(os.getppid(), signal.SIGKILL),
        "raise its limits": _raise_limits,
    }
    try:
        attempts[what]()
    except OSError as error:
        return Decoded(json.dumps(error.errno))
    return Decoded("0")


def _raise_limits() -> None:
    import resource

    try:
        resource.setrlimit(resource.RLIMIT_CPU, (1, 1))
    except ValueError as error:
        raise OSError(1, "") from error


def tell_environment(data: bytes) -> Decoded:
    return Decoded(json.dumps({"variables": dict(os.environ), "arguments": sys.argv}))


def use_threads(data: bytes) -> Decoded:
    import threading

    heard = []
    thread = threading.Thread(target=lambda: heard.append(1))
    thread.start()
    thread.join()
    return Decoded(json.dumps(heard))
