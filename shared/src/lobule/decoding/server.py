"""The decoder process: `python -m lobule.decoding.server CHANNEL SOURCE TARGET BOUNDS TASK...`.

It imports all decoders once and forks a child for each file in advance, so that no file waits for a fork or finds data
of another one, and all memory is freed afterwards. The process itself never reads a file's bytes.

On the channel it sends `READY`, or `UNFILTERED` if the system does not support filters of system calls, receives a
request whose file is in the source, answers, and starts again after it has received `TAKEN`.
"""

import contextlib
import errno
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Any, NoReturn

from lobule import limits
from lobule.decoding.confinement import Bounds, confine, drop_privileges, filters_calls
from lobule.decoding.warming import keep_heap, warm_decoders
from lobule.decoding.wire import Decoded, write, write_failure, write_refusal
from lobule.errors import AnalysisError

Task = Callable[..., Decoded]
"""A function of a file's bytes and of options by name."""

MESSAGE_BYTES = 1 << 16
READY, UNFILTERED, TAKEN = b"ready", b"ready, unfiltered", b"taken"
_FINISHED = b"!"
_ZEROS = bytes(1 << 20)


class Ending(IntEnum):
    """Exit status of a child that did not write an outcome."""

    TOO_LARGE = 4
    FAILED = 5


class Child:
    """A confined process that waits for one file.

    Args:
        tasks: The available tasks by name.
        source: Descriptor from which it reads the file.
        target: Descriptor to which it writes the outcome.
        bounds: Limits for decoding.
        strange: A descriptor that it must close.
    """

    def __init__(
        self, tasks: dict[str, Task], source: int, target: int, bounds: Bounds, strange: socket.socket
    ) -> None:
        self._bounds = bounds
        hears, self._asks = os.pipe()
        self._hears, tells = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            strange.close()
            os.close(self._asks)
            os.close(self._hears)
            _wait_and_decode(hears, tells, tasks, source, target, bounds)
        os.close(hears)
        os.close(tells)

    def decode(self, request: bytes, channel: socket.socket) -> dict[str, Any]:
        """Let the child decode its file.

        Returns:
            Whether the child has written the outcome, otherwise its wait status and whether its time was over; elapsed
            seconds, processor seconds, and its peak resident memory. A child that has written the outcome is still
            running, because freeing its memory takes as long as decoding; end it with `end`.

        Raises:
            SystemExit: The channel was closed while the child was running.
        """
        started, cpu_before = time.monotonic(), _cpu_s(self._pid)
        os.write(self._asks, request)
        # The pipe closes when the child ends. A readable channel was closed by a client that no longer waits.
        ready, _, _ = select.select([self._hears, channel], [], [], self._bounds.seconds)
        told = self._hears in ready and os.read(self._hears, 1) == _FINISHED
        cpu_s = _cpu_s(self._pid) - cpu_before
        status, peak_mb = (0, _peak_mb(self._pid)) if told else self.end(kill=self._hears not in ready)
        if channel in ready:
            raise SystemExit
        return {
            "told": told,
            "late": not ready,
            "status": status,
            "seconds": round(time.monotonic() - started, 3),
            "cpu_s": round(cpu_s, 4),
            "peak_mb": peak_mb,
        }

    def end(self, *, kill: bool = True) -> tuple[int, int]:
        """Kill the child, or wait briefly for its end; returns its wait status and its peak resident memory."""
        until = time.monotonic() + 1
        while not kill and time.monotonic() < until:
            found, status, used = os.wait4(self._pid, os.WNOHANG)
            if found:
                return self._leave(status, used)
            time.sleep(0.001)
        os.kill(self._pid, signal.SIGKILL)
        _, status, used = os.wait4(self._pid, 0)
        return self._leave(status, used)

    def _leave(self, status: int, used: resource.struct_rusage) -> tuple[int, int]:
        os.close(self._asks)
        os.close(self._hears)
        return status, used.ru_maxrss >> 10


def main(channel: int, source: int, target: int, bounds: Bounds, names: list[str]) -> None:
    """Serve requests until the channel is closed."""
    tasks = {name: find_task(name) for name in names}
    warm_decoders()
    drop_privileges()
    gc.freeze()  # a garbage collection in a child would copy every page that it visits
    ready = READY if filters_calls() else UNFILTERED
    with socket.socket(fileno=channel) as requests:
        while True:
            child = Child(tasks, source, target, bounds, requests)
            requests.send(ready)
            request = requests.recv(MESSAGE_BYTES)
            if not request:
                return
            answer = child.decode(request, requests)
            requests.send(json.dumps(answer).encode())
            if requests.recv(MESSAGE_BYTES) != TAKEN:
                return
            if answer["told"]:
                child.end()
            _clear(source)
            _clear(target)


def find_task(name: str) -> Task:
    """The function that a name of the form `module:function` refers to."""
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)


def _peak_mb(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text("ascii")
    return int(status[status.index("VmHWM") :].split(maxsplit=2)[1]) >> 10


def _cpu_s(process: int) -> float:
    """Processor time of a process in seconds; 0 if it has ended or the kernel does not count it."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{process}/schedstat").read_text("ascii").split()[0]) / 1e9
    return 0.0


def _clear(file: int) -> None:
    """Erase all samples before the next file. Memory is kept up to a size, because allocating it takes long."""
    size = min(os.fstat(file).st_size, limits.DECODER_KEEPS)
    os.ftruncate(file, size)
    for start in range(0, size, len(_ZEROS)):
        os.pwrite(file, _ZEROS[: size - start], start)


def _wait_and_decode(
    hears: int, tells: int, tasks: dict[str, Task], source: int, target: int, bounds: Bounds
) -> NoReturn:
    ending = Ending.FAILED
    try:
        os.dup2(1, 2)  # codecs' warnings can repeat words of the file, so standard error is discarded
        keep_heap()
        confine(bounds)
        if request := os.read(hears, MESSAGE_BYTES):
            asked = json.loads(request)
            content = os.pread(source, asked["size"], 0)
            _decode(target, tasks[asked["task"]], content, asked["options"])
            os.write(tells, _FINISHED)
            os.read(hears, 1)  # until this process is killed
    except MemoryError:
        ending = Ending.TOO_LARGE
    finally:
        os._exit(ending)


def _decode(target: int, task: Task, content: bytes, options: dict[str, Any]) -> None:
    try:
        write(target, task(content, **options))
    except MemoryError:
        raise
    except AnalysisError as error:
        write_refusal(target, error)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise MemoryError from None
        write_failure(target, error)
    except Exception as error:  # noqa: BLE001 - decoders of hostile bytes can raise any exception
        write_failure(target, error)


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Bounds(**json.loads(sys.argv[4])), sys.argv[5:])
    except ConnectionError:  # the client has ended
        sys.exit()
