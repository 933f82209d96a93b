"""A thread that does recurring work."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

import structlog

from dicom_node.privacy import error_location

IDLE_S = 5.0
T = TypeVar("T")
_log = structlog.get_logger()


class Loop(ABC):
    """A thread that works and pauses until it is closed. Errors are logged, and the work is tried again.

    Args:
        name: Name of the thread and of the health check.
    """

    def __init__(self, name: str) -> None:
        self.name, self.closing = name, False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @abstractmethod
    def work(self) -> None:
        """Do everything that is due."""

    def pause(self) -> float:
        """The seconds until something is due."""
        return IDLE_S

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """End the current pause."""
        self._wake.set()

    def end(self) -> None:
        """Have the thread end after its current work."""
        self.closing = True
        self._wake.set()

    def join(self, within_s: float) -> None:
        """Wait for the end of the thread, at most so long."""
        self._thread.join(max(0.0, within_s))

    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self.closing:
            self._wake.clear()
            self._tried(self.work)
            self._wake.wait(self._tried(self.pause) or IDLE_S)

    def _tried(self, step: Callable[[], T]) -> T | None:
        try:
            return step()
        except Exception as error:  # noqa: BLE001 - the thread must live
            _log.error("work failed", loop=self.name, error=error_location(error))
            return None
