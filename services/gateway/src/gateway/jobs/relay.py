"""The relay and the reaper: two small loops that turn what the database says into calls on Redis.

The database is the truth. A call that is made twice is harmless (a step can be claimed once); a call that is lost is
made again by the reaper. So both loops may run in every gateway, and Redis may forget everything.
"""

import threading
from collections.abc import Callable
from datetime import timedelta

import structlog
from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError
from sqlalchemy import event
from sqlalchemy.orm import Session

from gateway.clock import shared_now
from gateway.database import SessionFactory, reading
from gateway.jobs import queues, repository, service
from gateway.settings import GatewaySettings
from lobule.blackboard import Blackboard
from lobule.queueing import QUEUES, ring

log = structlog.get_logger()

_IDLE_S = 1.0  # the relay looks by itself this often: another gateway's outbox, a Redis that is back
_UNHEARD_S = 10.0  # a call this old that is not in Redis was lost, or its worker died with it


class Relay:
    """Empties the outbox into Redis, at once after a commit that wrote to it."""

    def __init__(self, sessions: SessionFactory, celery: Celery) -> None:
        self._sessions, self._celery = sessions, celery
        self.wake = threading.Event()
        event.listen(sessions, "after_commit", self._after_commit)

    def _after_commit(self, session: Session) -> None:
        if session.info.pop("rings", False):
            self.wake.set()

    def turn(self) -> None:
        """Wait for something to do, and do it."""
        self.wake.wait(_IDLE_S)
        self.wake.clear()
        try:
            while self.empty_outbox():
                pass
        except (OperationalError, RedisError) as error:
            log.warning("redis_away", error=repr(error))

    def empty_outbox(self) -> int:
        """Make the calls that wait, oldest first; returns how many were made. A call that fails stays in the outbox.

        No transaction is open while Redis is spoken to: on SQLite the worker's claim, which follows within a
        millisecond, would wait for it.
        """
        with reading(self._sessions) as session:
            rings = queues.outbox(session)
        if not rings:
            return 0
        for waiting in rings:
            ring(self._celery, waiting.queue, waiting.job_id, waiting.step)
        with self._sessions.begin() as session:
            queues.forget_rings(session, rings)
        return len(rings)


class Reaper:
    """Takes steps back from silent workers, and calls again where Redis has lost a call."""

    def __init__(self, sessions: SessionFactory, blackboard: Blackboard, settings: GatewaySettings) -> None:
        self._sessions, self._blackboard, self._settings = sessions, blackboard, settings
        self.stopped = threading.Event()

    def turn(self) -> None:
        """Wait for the next round, and do it."""
        if self.stopped.wait(self._settings.reap_every_s):
            return
        self.take_back()
        try:
            self.call_again()
        except RedisError as error:
            log.warning("redis_away", error=repr(error))

    def take_back(self) -> None:
        """Steps whose lease is over go back to their queue, or park their job."""
        with reading(self._sessions) as session:
            if not repository.abandoned(session):
                return
        with self._sessions.begin() as session:
            for step in repository.abandoned(session):
                log.warning("lease_over", job_id=step.job_id, step=step.name, attempt=step.attempt, worker=step.worker)
                service.reap(session, self._settings, step)

    def call_again(self) -> None:
        """Ring for steps that the database says wait while their queue in Redis is empty."""
        for queue in QUEUES:
            if self._blackboard.waiting(queue):
                continue
            with self._sessions.begin() as session:
                before = shared_now(session) - timedelta(seconds=_UNHEARD_S)
                for step in queues.unheard(session, queue, before):
                    log.warning("call_repeated", job_id=step.job_id, step=step.name)
                    queues.ring(session, step)


class BackgroundLoop:
    """Takes turns in a thread until it is closed; a turn that crashes is logged and the loop goes on."""

    def __init__(self, name: str, turn: Callable[[], None], wake: threading.Event) -> None:
        self._turn, self._wake = turn, wake
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Finish the present turn and end."""
        self._closing.set()
        self._wake.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._turn()
            except Exception:
                log.exception("loop_crashed", loop=self._thread.name)
                self._closing.wait(1.0)
