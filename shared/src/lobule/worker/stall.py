"""Ends a worker that takes no messages although some wait, so that it is restarted.

Faults of Celery and Kombu are known after which a worker fetches no further message, with its loop alive and its
connection back (`lobule.broker` mends one). No job is lost, for the database holds them; but they would wait for a
person. Whoever keeps the process alive (the launcher, a container's restart policy) starts it again.
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
    """Judges whether a worker is stalled.

    Args:
        waiting: How many messages wait in its queue; may raise `RedisError`, which counts as not knowing.
        held: How many messages the worker has taken and not finished.
        patience_s: For how long it must take nothing without a break.
        clock: Seconds.
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


def watch_for_stall(app: Celery, redis_url: str, queue: str, patience_s: float = PATIENCE_S) -> None:
    """From when the worker of `app` is ready, end it where it is stalled."""

    def held() -> int:
        return len(state.reserved_requests) + len(state.active_requests)

    def watch(cache: ProgressCache) -> None:
        judge = StallWatch(lambda: cache.waiting(queue), held, patience_s)
        while not judge.stalled():
            time.sleep(_LOOK_EVERY_S)
        log.error("worker_stalled", queue=queue, waiting_for_s=patience_s)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE_S)
        os._exit(70)

    @worker_ready.connect(weak=False)
    def begin(sender: object = None, **_signal: object) -> None:
        if getattr(sender, "app", app) is app:
            cache = ProgressCache(connect(redis_url))
            threading.Thread(target=watch, args=(cache,), name="stall-watch", daemon=True).start()
