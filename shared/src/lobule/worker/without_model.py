"""What a worker whose model cannot be loaded does with the steps that it is sent."""

import time

import structlog
from celery import Celery

from lobule.contracts.steps import StepName
from lobule.progress_cache import ProgressCache
from lobule.queueing import announce

log = structlog.get_logger()

_PAUSE_S = 1.0  # between two steps; by then, a worker with a model has probably taken the message


def leave_to_others(app: Celery, cache: ProgressCache, queue: str, job_id: str, step: StepName) -> bool:
    """Send a step's message again if another worker of the queue has a model; otherwise the step has to fail.

    During an update to a model that cannot be loaded, the new worker would otherwise fail the images that it gets,
    although the old worker still works.

    Raises:
        redis.exceptions.RedisError: The workers cannot be queried; the gateway announces the step again.
    """
    if not any(worker.manifest for worker in cache.workers(queue)):
        return False
    log.info("left_to_others", queue=queue, job_id=job_id)
    time.sleep(_PAUSE_S)
    announce(app, queue, job_id, step)
    return True
