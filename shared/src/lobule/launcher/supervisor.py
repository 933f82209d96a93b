"""Starts child processes, logs them, restarts them after a crash, and ends them together."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lobule.settings import EX_CONFIG

_GRACE_S = 15.0
_CRASH_LOOP_S = 30.0  # a child that lives longer restarts after the shortest pause
_LONGEST_PAUSE_S = 10.0
_LOG_BYTES = 50 * 1024 * 1024
"""Size at which a log file is put aside; the one that was put aside before is deleted."""
_LAST_LINES = 10


@dataclass
class Child:
    """A process to keep running.

    Attributes:
        name: Name before each of its log lines.
        command: Command line.
        shown: Whether its log lines also appear on the terminal.
        stage: Children of the same stage are ended together, those of a later stage before those of an earlier one.
    """

    name: str
    command: list[str]
    shown: bool = True
    stage: int = 0
    process: "subprocess.Popen[str] | None" = field(default=None, repr=False)
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=_LAST_LINES), repr=False)
    log: threading.Thread | None = field(default=None, repr=False)


class Supervisor:
    """Keeps child processes running until it is closed.

    Args:
        environment: Environment of every child.
        logs: Folder of the log files.
        show_logs: Whether log lines appear on the terminal.
    """

    def __init__(self, environment: dict[str, str], logs: Path, *, show_logs: bool = True) -> None:
        self._environment, self._logs, self._show = environment, logs, show_logs
        self._children: list[Child] = []
        self._closing = threading.Event()
        self._spawning = threading.Lock()  # no child starts while the others are ended
        self._misconfigured: Child | None = None

    @property
    def misconfigured(self) -> Child | None:
        """A child that ended because its settings are invalid; its last lines say which."""
        return self._misconfigured

    def start(self, child: Child) -> None:
        """Start a child and keep it running."""
        self._children.append(child)
        self._spawn(child)
        threading.Thread(target=self._keep_alive, args=(child,), name=f"keep-{child.name}", daemon=True).start()

    def repeat(self, child: Child, *, first_s: float, every_s: float) -> None:
        """Run a command that ends by itself repeatedly.

        Args:
            child: The command.
            first_s: Seconds until the first run.
            every_s: Seconds from the end of a run to the next one.
        """
        self._children.append(child)
        threading.Thread(
            target=self._run_again, args=(child, first_s, every_s), name=f"repeat-{child.name}", daemon=True
        ).start()

    def _run_again(self, child: Child, first_s: float, every_s: float) -> None:
        pause = first_s
        while not self._closing.wait(pause):
            self._spawn(child)
            if child.process is None:  # all are ended
                return
            if (status := child.process.wait()) and not self._closing.is_set():
                _say(f"{child.name} ended with status {status}; it runs again in {every_s:.0f} s")
            pause = every_s

    def close(self) -> None:
        """End all children, stage by stage, with SIGTERM, and with SIGKILL after a grace period.

        A second Ctrl-C or SIGTERM does not interrupt this, because it would leave children behind.
        """
        with _uninterrupted():
            with self._spawning:
                self._closing.set()
            for stage in sorted({child.stage for child in self._children}, reverse=True):
                _end_together([child for child in self._children if child.stage == stage])

    def kill(self) -> None:
        """Kill all children and their descendants at once."""
        with self._spawning:
            self._closing.set()
        for child in self._children:
            if child.process is not None:
                _signal_group(child.process, signal.SIGKILL)
                child.process.wait()

    def _spawn(self, child: Child) -> None:
        """Start the process of a child, unless all are ended."""
        with self._spawning:
            if self._closing.is_set():
                return
            child.last_lines.clear()
            child.process = subprocess.Popen(
                child.command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                umask=0o077,  # only the owner can read the files of services
                start_new_session=True,  # only this process receives Ctrl-C; it ends the children in order
            )
        child.log = threading.Thread(target=self._copy_log, args=(child, child.process), daemon=True)
        child.log.start()

    def _copy_log(self, child: Child, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with _LogFile(self._logs / f"{child.name}.log") as file:
            for line in process.stdout:
                file.write(line)
                child.last_lines.append(line)
                if self._show and child.shown:
                    _say(f"{child.name:>8} | {line}", end="")

    def _keep_alive(self, child: Child) -> None:
        pause = 0.5
        while not self._closing.is_set():
            assert child.process is not None
            started = time.monotonic()
            status = child.process.wait()
            if status == EX_CONFIG and child.log is not None:
                child.log.join(1)
                self._misconfigured = child
            if self._closing.wait(0.2):
                return
            pause = 0.5 if time.monotonic() - started > _CRASH_LOOP_S else min(pause * 2, _LONGEST_PAUSE_S)
            _say(f"{child.name} ended with status {status}; it starts again in {pause:.0f} s")
            if self._closing.wait(pause):
                return
            self._spawn(child)


def _end_together(children: list[Child]) -> None:
    running = [(c.name, c.process) for c in children if c.process is not None and c.process.poll() is None]
    for _, process in running:
        _signal_group(process, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE_S
    for name, process in running:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _say(f"{name} does not end; it is killed")
        _signal_group(process, signal.SIGKILL)  # also its remaining descendants
        process.wait()


def _say(text: str, end: str = "\n") -> None:
    """Print to standard error. If nobody reads it any more, the services go on without."""
    with contextlib.suppress(OSError):
        print(text, end=end, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ignore Ctrl-C and SIGTERM in the block. Only the main thread receives them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _LogFile:
    """A log file of bounded size; what was written before it is in the file with `.1` at its end.

    Args:
        path: Of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._file = path, _owners_alone(path)

    def __enter__(self) -> "_LogFile":
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def write(self, line: str) -> None:
        """Append a line. If the disk is full, it is lost: a service whose lines nobody reads would stand still."""
        with contextlib.suppress(OSError):
            if os.fstat(self._file.fileno()).st_size >= _LOG_BYTES:
                with contextlib.suppress(FileNotFoundError):  # put aside already, but then there was no new file
                    self._path.replace(self._path.with_name(f"{self._path.name}.1"))
                full, self._file = self._file, _owners_alone(self._path)
                full.close()
            self._file.write(line.encode())


def _owners_alone(path: Path) -> io.FileIO:
    """Open a file to append to that only its owner can read."""
    return io.FileIO(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def _signal_group(process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
