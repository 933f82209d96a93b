"""Threads that work beside the requests until the gateway stops."""

import threading
from collections.abc import Callable

import structlog

from gateway.outages import problem_of_outage

log = structlog.get_logger()

_PAUSE_S = 1.0
"""After a turn that failed."""


class BackgroundLoop:
    """Runs turns in a thread until it is closed. A turn that raises is logged, and the loop continues.

    An outage of the database, Redis or the object store is logged when it begins and when it is over, not at each turn.

    Args:
        name: Name of the thread.
        turn: Waits until something is due, and does it.
        wake: Ends the wait of a turn.
    """

    def __init__(self, name: str, turn: Callable[[], None], wake: threading.Event) -> None:
        self._name, self._turn, self._wake = name, turn, wake
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._outage: str | None = None  # code of the one that goes on

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Finish the current turn and stop."""
        self._closing.set()
        self._wake.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._turn()
            except Exception as error:  # noqa: BLE001 - of whatever kind; the loop must go on
                self._failed(error)
                self._closing.wait(_PAUSE_S)
            else:
                self._over()

    def _failed(self, error: Exception) -> None:
        problem = problem_of_outage(error)
        if problem is None or problem.status < 500:
            log.error("loop_crashed", loop=self._name, exc_info=error)
        elif problem.code != self._outage:
            log.warning("outage_began", loop=self._name, code=problem.code, error=repr(error))
            self._outage = problem.code

    def _over(self) -> None:
        if self._outage is not None:
            log.info("outage_over", loop=self._name, code=self._outage)
            self._outage = None
