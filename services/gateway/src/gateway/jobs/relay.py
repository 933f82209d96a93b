"""Two background loops: the relay announces queued steps on Redis, the reaper takes steps back from lost workers.

The database is authoritative. An announcement that is sent twice is harmless, because a step can be claimed only once;
one that is lost is sent again by the reaper. So both loops may run in every gateway, and Redis may lose its data.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog
from celery import Celery
from sqlalchemy import event
from sqlalchemy.orm import Session

from gateway.clock import shared_now
from gateway.database import SessionFactory, read
from gateway.jobs import repository, service
from gateway.jobs.models import Step
from gateway.jobs.queues import repository as queues
from gateway.modalities.repository import queues_of
from gateway.modalities.service import Modalities
from gateway.settings import GatewaySettings
from lobule.progress_cache import ProgressCache
from lobule.queueing import announce

log = structlog.get_logger()

_IDLE_S = 1.0  # how often the relay looks without being woken: for another gateway's rows, or after an outage of Redis
_IN_A_TURN = 200  # steps that the reaper changes before it looks for lost announcements
_LOST_AFTER_S = 10.0  # an announcement this old that is not in Redis was lost, or its worker died


class Relay:
    """Sends the outbox to Redis, right after a commit that wrote to it."""

    def __init__(self, sessions: SessionFactory, celery: Celery) -> None:
        self._sessions, self._celery = sessions, celery
        self.wake = threading.Event()
        event.listen(sessions, "after_commit", self._after_commit)

    def _after_commit(self, session: Session) -> None:
        if session.info.pop("outbox", False):
            self.wake.set()

    def turn(self) -> None:
        """Wait for rows in the outbox, and send them."""
        self.wake.wait(_IDLE_S)
        self.wake.clear()
        while self.empty_outbox():
            pass

    def empty_outbox(self) -> int:
        """Send the waiting announcements, oldest first; returns their number. One that fails stays in the outbox.

        No transaction is open during calls to Redis: on SQLite the worker's claim, which follows within a
        millisecond, would wait for it.
        """
        messages = read(self._sessions, queues.waiting_messages)
        if not messages:
            return 0
        for waiting in messages:
            announce(self._celery, waiting.queue, waiting.job_id, waiting.step)
        with self._sessions.begin() as session:
            queues.delete_messages(session, messages)
        return len(messages)


class Reaper:
    """Takes steps back from lost workers, ends jobs past their deadline, and announces steps that Redis has lost."""

    def __init__(
        self, sessions: SessionFactory, cache: ProgressCache, modalities: Modalities, settings: GatewaySettings
    ) -> None:
        self._sessions, self._cache, self._settings = sessions, cache, settings
        self._modalities = modalities
        self.stopped = threading.Event()

    def turn(self) -> None:
        """Wait for the next round, and run it."""
        if self.stopped.wait(self._settings.reap_every_s):
            return
        try:
            self.requeue_expired()
            self.end_overdue()
        finally:
            self.announce_again()

    def requeue_expired(self) -> None:
        """Queue steps again whose lease has expired, or park their job."""

        def reap(session: Session, step: Step) -> None:
            log.warning("lease_over", job_id=step.job_id, step=step.name, attempt=step.attempt, worker=step.worker)
            service.reap(session, self._settings, step)

        self._change(repository.abandoned, reap)

    def end_overdue(self) -> None:
        """Fail jobs whose deadline is over."""
        interactive = timedelta(hours=self._settings.deadline_hours)
        others = timedelta(hours=self._settings.batch_deadline_hours)

        def end(session: Session, step: Step) -> None:
            log.warning("deadline_passed", job_id=step.job_id, step=step.name, state=step.state)
            service.end_overdue(session, step)

        self._change(lambda session, most: repository.overdue(session, interactive, others, most), end)

    def _change(self, find: Callable[[Session, int], Sequence[Step]], change: Callable[[Session, Step], None]) -> None:
        """Change steps, each in a transaction of its own: with several, two gateways could wait for each other."""
        for _ in range(_IN_A_TURN):
            if not read(self._sessions, lambda session: find(session, 1)):
                return
            with self._sessions.begin() as session:
                for step in find(session, 1):
                    change(session, step)

    def announce_again(self) -> None:
        """Announce steps again that wait in the database while their queue in Redis is empty."""
        self._modalities.learn()
        for queue in read(self._sessions, queues_of):
            if self._cache.waiting(queue):
                continue
            with self._sessions.begin() as session:
                at = shared_now(session)
                for step in queues.announcements_lost(session, queue, at - timedelta(seconds=_LOST_AFTER_S)):
                    log.warning("call_repeated", job_id=step.job_id, step=step.name)
                    queues.announce(session, step, at)
