"""A small HTTP server of a worker for `/metrics`, `/healthz` and `/readyz`.

The child process that does the work serves it, so nothing answers if the child has died or is loading its model.
"""

import time
from multiprocessing.sharedctypes import RawValue
from typing import Any

from celery import Celery
from celery.bootsteps import StartStopStep
from prometheus_client import REGISTRY
from redis import Redis
from redis.exceptions import RedisError

from lobule.health import serve_health
from lobule.worker.metrics import GpuCollector

_BEAT_EVERY_S = 5.0
_STUCK_S = 60.0


class LoopBeat:
    """The heartbeat of the parent's loop, which takes messages from Redis. The child reads it from shared memory."""

    def __init__(self) -> None:
        self._at: Any = RawValue("d", time.monotonic())

    def beat(self) -> None:
        """Record that the loop has run."""
        self._at.value = time.monotonic()

    def age_s(self) -> float:
        """Seconds since the last iteration of the loop, by the machine's clock, which all processes share."""
        return time.monotonic() - self._at.value

    def watch(self, app: Celery) -> None:
        """Call `beat` in every iteration of the loop of an application's worker."""
        beat = self.beat

        class Step(StartStopStep):
            requires = ("celery.worker.components:Timer",)

            def start(self, parent: Any) -> None:
                parent.timer.call_repeatedly(_BEAT_EVERY_S, beat)

        steps: Any = app.steps
        steps["worker"].add(Step)


class Health:
    """Determines whether this worker is alive and ready.

    Args:
        redis: Redis server of the queue.
        loop: Heartbeat of the parent.
        has_model: Whether the worker has a model; without one, every job fails.
    """

    def __init__(self, redis: "Redis", loop: LoopBeat, *, has_model: bool) -> None:
        self._redis, self._loop, self._has_model = redis, loop, has_model

    def live(self) -> dict[str, bool]:
        """Whether the worker is alive. A loop that does not run while Redis answers does not recover by itself."""
        return {"loop": self._loop.age_s() < _STUCK_S or not self._redis_works()}

    def ready(self) -> dict[str, bool]:
        """Whether messages arrive and the worker can process them."""
        return {"redis": self._redis_works(), "model": self._has_model, **self.live()}

    def _redis_works(self) -> bool:
        try:
            return bool(self._redis.ping())
        except RedisError:
            return False


def serve(host: str, port: int, health: Health) -> None:
    """Start serving health and metrics from threads of this process."""
    REGISTRY.register(GpuCollector())
    serve_health(host, port, live=health.live, ready=health.ready)
