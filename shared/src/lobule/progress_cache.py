"""The progress cache on Redis: the current activity of workers. All of it can be lost at any time."""

import time
from typing import TypeVar

import structlog
from pydantic import BaseModel, ValidationError
from redis import Redis

from lobule.contracts.modality import ModalitySpec
from lobule.contracts.models import WorkerAnnouncement
from lobule.contracts.progress import ReportedProgress
from lobule.contracts.steps import StepName

log = structlog.get_logger()

Announced = TypeVar("Announced", bound=BaseModel)

_PROGRESS_TTL_S = 3600
ANNOUNCE_EVERY_S = 5.0
_ANNOUNCEMENT_TTL_S = 20
_PICTURE_TTL_S = 60
_PICTURE_TRIES_FOR_S = 3600
_KEPT = "lobule:kept"
_KEPT_FOR_S = 3600


class ProgressCache:
    """Progress of running steps and the workers that are ready."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    def write_progress(self, job_id: str, step: StepName, reported: ReportedProgress) -> None:
        """Write the progress of a step; overwrites the last one."""
        self._redis.set(_step_key(job_id, step), reported.model_dump_json(), ex=_PROGRESS_TTL_S)

    def read_progress(self, job_id: str, step: StepName) -> ReportedProgress | None:
        """The last progress of a step, if there is one."""
        text = self._redis.get(_step_key(job_id, step))
        return ReportedProgress.model_validate_json(str(text)) if text else None

    def announce(self, announcement: WorkerAnnouncement) -> None:
        """Announce a ready worker; repeat this every `ANNOUNCE_EVERY_S` seconds."""
        key = f"lobule:worker:{announcement.queue}:{announcement.worker}"
        self._redis.set(key, announcement.model_dump_json(), ex=_ANNOUNCEMENT_TTL_S)

    def withdraw(self, announcement: WorkerAnnouncement) -> None:
        """Remove a worker's announcement."""
        self._redis.delete(f"lobule:worker:{announcement.queue}:{announcement.worker}")

    def announce_modality(self, spec: ModalitySpec) -> None:
        """Announce a worker's modality; repeat this as for `announce`."""
        self._redis.set(f"lobule:modality:{spec.name}", spec.model_dump_json(), ex=_ANNOUNCEMENT_TTL_S)

    def modalities(self) -> list[ModalitySpec]:
        """The modalities of the workers that are ready."""
        return self._announced("lobule:modality:*", ModalitySpec)

    def workers(self, queue: str | None = None) -> list[WorkerAnnouncement]:
        """The ready workers, of one queue or of all."""
        return self._announced(f"lobule:worker:{queue or '*'}:*", WorkerAnnouncement)

    def _announced(self, pattern: str, kind: type[Announced]) -> list[Announced]:
        """The announcements under keys of a pattern. Invalid ones are skipped, so that they do not affect others."""
        keys = sorted(self._redis.scan_iter(pattern, count=200))
        found: list[Announced] = []
        for key, text in zip(keys, self._redis.mget(keys) if keys else [], strict=True):
            try:
                if text:
                    found.append(kind.model_validate_json(text))
            except ValidationError as error:
                log.warning("announcement_unreadable", key=key, error=str(error))
        return found

    def waiting(self, queue: str) -> int:
        """The number of messages that wait in a queue."""
        return int(self._redis.llen(queue))

    def mark_requested(self, prefix: str) -> bool:
        """Record a request for the picture of a prefix; False if there was one in the last minute."""
        return bool(self._redis.set(f"lobule:picture:{prefix}", "asked", ex=_PICTURE_TTL_S, nx=True))

    def count_picture_try(self, prefix: str) -> int:
        """Count an attempt to draw the picture of a prefix; returns their number since an hour without any."""
        key = f"lobule:picture-tries:{prefix}"
        tries = int(self._redis.incr(key))
        self._redis.expire(key, _PICTURE_TRIES_FOR_S)
        return tries

    def forget_picture_tries(self, prefix: str) -> None:
        """Forget the attempts at a picture that was drawn."""
        self._redis.delete(f"lobule:picture-tries:{prefix}")

    def schedule_deletion(self, prefix: str) -> None:
        """Schedule the objects below a prefix for deletion in an hour."""
        self._redis.zadd(_KEPT, {prefix: time.time() + _KEPT_FOR_S})

    def scheduled_below(self, prefix: str) -> int:
        """How many prefixes that begin so are scheduled for deletion."""
        return sum(str(each).startswith(prefix) for each in self._redis.zrange(_KEPT, 0, -1))

    def forget_deletion(self, prefix: str) -> None:
        """Forget a scheduled deletion, because the objects are deleted now."""
        self._redis.zrem(_KEPT, prefix)

    def take_expired(self) -> list[str]:
        """Prefixes that are due for deletion; each is returned once."""
        over = [str(prefix) for prefix in self._redis.zrangebyscore(_KEPT, 0, time.time())]
        return [prefix for prefix in over if self._redis.zrem(_KEPT, prefix)]


def _step_key(job_id: str, step: StepName) -> str:
    return f"lobule:progress:{job_id}:{step}"  # version 0.1 used another key, and other fields
