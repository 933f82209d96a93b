"""The client of the decoder process, which starts the process when necessary."""

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Self

import structlog
from prometheus_client import Gauge

from lobule.decoding.confinement import DEFAULT, Bounds
from lobule.decoding.image_file import PIECE_BYTES, ImageFile
from lobule.decoding.server import MESSAGE_BYTES, READY, TAKEN, UNFILTERED, Ending, find_task
from lobule.decoding.wire import DamagedError, Decoded, read
from lobule.errors import AnalysisError

log = structlog.get_logger()
_unfiltered = Gauge("lobule_decoder_unfiltered", "1 if images are decoded without a filter of system calls")

_START_S = 60.0  # its imports take half a second, on an overloaded machine much longer
_ENV = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ")
_ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


class _DecoderLostError(Exception):
    """The decoder process has ended; its file is not the cause."""


class Decoder:
    """A decoder process and the connection to it. Files are decoded one after another.

    The process inherits no variables except those of the language, no files and no connections. On systems other than
    Linux, files are decoded in the calling process.

    Args:
        tasks: The available tasks as `module:function`; see `lobule.decoding.server.Task`.
        bounds: Limits for decoding one file.
    """

    def __init__(self, *tasks: str, bounds: Bounds = DEFAULT) -> None:
        self._tasks, self._bounds = tasks, bounds
        self._lock = threading.Lock()
        self.running: _Running | None = None
        self._warned = False
        self.peak_mb = 0
        """Peak resident memory in MiB of the child that decoded the last file."""
        self.cpu_s = 0.0
        """Processor time in seconds of that child."""

    def start(self) -> Self:
        """Start the process without waiting for it, so that the first file is decoded sooner."""
        with self._lock:
            self._open()
        return self

    def close(self) -> None:
        """End the process."""
        if self.running is not None:
            self.running.end()
            self.running = None

    def run(self, task: str, file: ImageFile | bytes, **options: Any) -> Decoded:
        """Decode a file.

        An open file is copied to the decoder in pieces, from its start, so this process never holds all of it.

        Args:
            task: One of this decoder's tasks.
            file: The file, or its content.
            options: Options of the task, which must be JSON values.

        Raises:
            AnalysisError: The error that the task raises for the file; `image_unreadable` if the child crashed,
                `image_too_large` if it exceeded the memory or time of `lobule.limits`, `internal_error` if the process
                was killed from outside twice.
            Exception: Whatever reading the file raises.
        """
        file = io.BytesIO(file) if isinstance(file, bytes) else file
        if sys.platform != "linux":
            file.seek(0)
            return find_task(task)(file.read(), **options)
        for _ in range(2):
            with self._lock, contextlib.suppress(_DecoderLostError):
                return self._decode(task, file, options)
            log.warning("decoder_lost", task=task)
        raise AnalysisError("internal_error", retryable=True)

    def _decode(self, task: str, file: ImageFile, options: dict[str, Any]) -> Decoded:
        with self._guarded():
            running = self._open()
            self._note_filter(running.receive((READY, UNFILTERED), _START_S) == READY)
        size = self._put(running.source, file)
        with self._guarded():
            running.channel.send(json.dumps({"task": task, "size": size, "options": options}).encode())
            answer = json.loads(running.receive((), self._bounds.seconds + _START_S))
            try:
                return self._judge(task, answer, running.target)
            finally:
                running.channel.send(TAKEN)

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """End the process after any exception but a refusal of the file; an `OSError` shows that it has ended."""
        try:
            yield
        except AnalysisError:
            raise
        except BaseException as error:  # such as a time limit of the step; the child must not continue
            self.close()
            if isinstance(error, OSError):
                raise _DecoderLostError from error
            raise

    def _put(self, source: int, file: ImageFile) -> int:
        """Copy a file to the decoder; returns its size in bytes."""
        at = 0
        try:
            file.seek(0)
            while piece := file.read(PIECE_BYTES):
                _write(source, piece, at)
                at += len(piece)
        except BaseException:  # such as an unavailable store; the child, which is ready, has a part of the file
            self.close()
            raise
        return at

    def _note_filter(self, filtered: bool) -> None:
        """Log once that images are decoded without a filter of system calls, because the system refuses filters."""
        if not filtered and not self._warned:
            log.warning("decoder_unfiltered", reason="the kernel or the container runtime refuses seccomp filters")
            self._warned = True
        _unfiltered.set(0 if filtered else 1)

    def _open(self) -> "_Running":
        if self.running is None or self.running.owner != os.getpid():
            self.close()  # it belongs to the process from which this one was forked
            self.running = _start(self._tasks, self._bounds)
        return self.running

    def _judge(self, task: str, answer: dict[str, Any], target: int) -> Decoded:
        self.peak_mb, self.cpu_s = answer["peak_mb"], answer["cpu_s"]
        if self._was_killed(answer):
            raise _DecoderLostError
        if answer["late"] or (not answer["told"] and _was_limited(answer["status"])):
            log.warning("decoder_limited", **answer, task=task)
            raise AnalysisError("image_too_large")
        try:
            if not answer["told"]:
                raise DamagedError("ended")
            return read(target)
        except DamagedError as error:
            log.warning("decoder_failed", **answer, task=task, error=str(error))
            raise AnalysisError("image_unreadable") from None

    def _was_killed(self, answer: dict[str, Any]) -> bool:
        """Whether the child was killed from outside, for example because memory is short; the file may be valid."""
        status = answer["status"]
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        return killed and not answer["late"] and answer["cpu_s"] < self._bounds.cpu_s


@dataclass(frozen=True)
class _Running:
    """The decoder process.

    Attributes:
        owner: Id of the process that started it.
        process: Handle of the process.
        channel: See `lobule.decoding.server`.
        source: Anonymous file in memory for the image.
        target: Anonymous file in memory for the outcome.
    """

    owner: int
    process: "subprocess.Popen[bytes]"
    channel: socket.socket
    source: int
    target: int

    def receive(self, expected: tuple[bytes, ...], most_s: float) -> bytes:
        """Receive the next message.

        Args:
            expected: The permitted messages; empty for any.
            most_s: Longest time to wait, in seconds.

        Raises:
            OSError: The process has ended, sent another message, or does not answer.
        """
        self.channel.settimeout(most_s)
        message = self.channel.recv(MESSAGE_BYTES)
        if not message or (expected and message not in expected):
            raise ConnectionResetError
        return message

    def end(self) -> None:
        """End the process if this process started it, and close its files in any case."""
        self.channel.close()
        os.close(self.source)
        os.close(self.target)
        if self.owner == os.getpid():
            self.process.kill()
            self.process.wait()


def _start(tasks: tuple[str, ...], bounds: Bounds) -> _Running:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    files = [os.memfd_create(name, os.MFD_CLOEXEC) for name in ("image", "samples")]
    kept = {name: os.environ[name] for name in _ENV if name in os.environ}
    with theirs:
        passed = [theirs.fileno(), *files]
        process = subprocess.Popen(
            [sys.executable, "-m", "lobule.decoding.server", *map(str, passed), json.dumps(asdict(bounds)), *tasks],
            env={**kept, **_ONE_THREAD, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=passed,
            start_new_session=True,  # a Ctrl-C ends the step first
        )
    return _Running(os.getpid(), process, ours, *files)


def _write(file: int, content: bytes, start: int) -> None:
    rest = memoryview(content)
    while rest:
        written = os.pwrite(file, rest, start)
        rest, start = rest[written:], start + written


def _was_limited(status: int) -> bool:
    """Whether a limit of memory, time or output ended a child."""
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGXFSZ, signal.SIGKILL)
    return os.waitstatus_to_exitcode(status) == Ending.TOO_LARGE
