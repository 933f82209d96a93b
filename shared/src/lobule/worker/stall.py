"""Ends a worker that takes no messages although some wait, so that it is restarted.

Because of known bugs in Celery and Kombu, a worker can stop fetching messages although its loop runs and its connection
is restored (`lobule.broker` fixes one). No job is lost, because the database has them, but without a restart they would
wait for a person. The launcher or a container's restart policy starts the ended worker again.
"""

import os
import signal
import threading
import time
from collections.abc import Callable

import structlog
from celery import Celery
from celery.signals import worker_ready
from celery.worker import state
from redis.exceptions import RedisError

from lobule.progress_cache import ProgressCache
from lobule.redis_address import connect

log = structlog.get_logger()

PATIENCE_S = 30.0  # an idle worker takes a waiting message within milliseconds
_LOOK_EVERY_S = 3.0
_GRACE_S = 30.0


class StallWatch:
    """Decides whether a worker is stalled.

    Args:
        waiting: Returns how many messages wait in its queues; a `RedisError` counts as unknown.
        held: Returns how many messages the worker has taken and not finished.
        patience_s: Seconds without taking a message after which it is stalled.
        clock: Returns the time in seconds.
    """

    def __init__(
        self,
        waiting: Callable[[], int],
        held: Callable[[], int],
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._waiting, self._held, self._patience_s, self._clock = waiting, held, patience_s, clock
        self._since: float | None = None

    def stalled(self) -> bool:
        """Check once."""
        try:
            idle = self._held() == 0 and self._waiting() > 0
        except RedisError:
            idle = False
        if not idle:
            self._since = None
            return False
        if self._since is None:
            self._since = self._clock()
        return self._clock() - self._since >= self._patience_s


def messages_waiting(app: Celery, cache: ProgressCache) -> int:
    """How many messages wait in all the queues from which the worker of `app` takes."""
    return sum(map(cache.waiting, app.amqp.queues.consume_from))


def watch_for_stall(app: Celery, redis_url: str, patience_s: float = PATIENCE_S) -> None:
    """End the worker of `app` if it is stalled in any of its queues, checking from the time when it is ready."""

    def held() -> int:
        return len(state.reserved_requests) + len(state.active_requests)

    def watch(cache: ProgressCache) -> None:
        judge = StallWatch(lambda: messages_waiting(app, cache), held, patience_s)
        while not judge.stalled():
            time.sleep(_LOOK_EVERY_S)
        log.error("worker_stalled", queues=list(app.amqp.queues.consume_from), waiting_for_s=patience_s)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE_S)
        os._exit(70)

    @worker_ready.connect(weak=False)
    def begin(sender: object = None, **_signal: object) -> None:
        if getattr(sender, "app", app) is app:
            cache = ProgressCache(connect(redis_url))
            threading.Thread(target=watch, args=(cache,), name="stall-watch", daemon=True).start()
