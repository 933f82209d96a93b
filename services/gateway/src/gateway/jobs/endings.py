"""Waits for the end of work. However many requests wait for the same, one asks the database for all of them."""

import asyncio
import time
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from gateway.database import SessionFactory, read
from gateway.jobs import repository

_OFTEN_S, _SELDOM_S = 0.05, 2.0
_LATE = 0.05  # of the time that the work has taken, by which its end may be noticed late


@dataclass
class _Watch:
    """One that asks the database, for so many requests."""

    task: "asyncio.Task[None]"
    waiting: int = 0


class Endings:
    """The work whose end requests of this process wait for.

    Args:
        sessions: Opens sessions.
    """

    def __init__(self, sessions: SessionFactory) -> None:
        self._sessions = sessions
        self._watches: dict[str, _Watch] = {}

    async def wait(self, work_id: str, patience_s: float) -> None:
        """Return once the work has ended or was deleted, or after so many seconds."""
        watch = self._watches.get(work_id)
        if watch is None or watch.task.done():
            watch = self._watches[work_id] = _Watch(asyncio.create_task(self._watch(work_id)))
        watch.waiting += 1
        try:
            ended, _ = await asyncio.wait({watch.task}, timeout=patience_s)
            for task in ended:
                task.result()
        finally:
            watch.waiting -= 1
            if watch.waiting == 0:
                watch.task.cancel()
                if self._watches.get(work_id) is watch:
                    del self._watches[work_id]

    async def _watch(self, work_id: str) -> None:
        started = time.monotonic()
        while not await run_in_threadpool(read, self._sessions, lambda session: repository.has_ended(session, work_id)):
            await asyncio.sleep(min(_SELDOM_S, max(_OFTEN_S, _LATE * (time.monotonic() - started))))
