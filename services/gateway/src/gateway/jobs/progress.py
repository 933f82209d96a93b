"""Progress and remaining time of jobs, from the database, Redis and measured durations."""

import statistics
import threading
import time
from typing import Any

import structlog
from redis.exceptions import RedisError
from sqlalchemy.orm import Session

from gateway.clock import now
from gateway.jobs.models import Job, Step
from gateway.jobs.queues import repository as queues
from lobule.contracts.activity import Activity, activity
from lobule.contracts.progress import (
    FINAL_STATES,
    Progress,
    ReportedProgress,
    StepProgress,
    StepState,
    UserStep,
)
from lobule.progress_cache import ProgressCache
from lobule.queueing import REPORT_QUEUE
from lobule.words import Words

log = structlog.get_logger()

_HISTORY_FOR_S = 10.0
_POLL_MS = 500
_POLL_WAITING_MS = 1000
_FIRST_GUESS = 0.05  # below this share of the work, the history is a better estimate than the speed


class History:
    """Median seconds of each queue's steps, of the last ones, cached for a short time."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, float | None]] = {}
        self._lock = threading.Lock()

    def median(self, session: Session, queue: str) -> float | None:
        """Median seconds of a step of this queue; None before the first one."""
        with self._lock:
            until, value = self._known.get(queue, (0.0, None))
            if time.monotonic() < until:
                return value
        durations = queues.recent_durations(session, queue)
        value = statistics.median(durations) if durations else None
        with self._lock:
            self._known[queue] = (time.monotonic() + _HISTORY_FOR_S, value)
        return value


class ProgressBoard:
    """Computes the progress of jobs."""

    def __init__(self, cache: ProgressCache) -> None:
        self._cache, self._history = cache, History()

    def of(self, session: Session, job: Job) -> Progress:
        """The four steps of a job as the user sees them."""
        inference, report = job.step("inference"), job.step("report")
        steps = [
            StepProgress(name="upload", state="done", fraction=1.0, activity=None, seconds_left=None),
            self._queue(session, inference),
            self._worked(session, job, inference, "inference"),
            self._worked(session, job, report, "report"),
        ]
        over = job.state in FINAL_STATES
        waiting = inference.state == "queued"
        return Progress(
            job_id=job.id,
            state=job.state,
            steps=steps,
            seconds_left=None if over else _sum_known(steps),
            poll_after_ms=None if over else _POLL_WAITING_MS if waiting and inference.tries else _POLL_MS,
        )

    def _queue(self, session: Session, inference: Step) -> StepProgress:
        if inference.state != "queued":
            cancelled = inference.state == "cancelled" and inference.started_at is None
            state: StepState = "cancelled" if cancelled else "done"
            return StepProgress(name="queue", state=state, fraction=0.0 if cancelled else 1.0)
        ahead = queues.ahead_of(session, inference)
        workers = self._workers(inference.queue)
        each = self._history.median(session, inference.queue)
        if workers == 0:
            now_doing = activity("waiting_for_worker")
        elif ahead:
            now_doing = activity("images_ahead", count=ahead) if ahead > 1 else activity("one_image_ahead")
        else:
            now_doing = activity("next_in_line")
        left = None if each is None or not workers else each * ahead / workers
        return StepProgress(
            name="queue", state="running", fraction=1 / (1 + ahead), seconds_left=left, **_said(now_doing)
        )

    def _worked(self, session: Session, job: Job, step: Step, name: UserStep) -> StepProgress:
        if step.state == "done":
            return StepProgress(name=name, state="done", fraction=1.0)
        usual = self._history.median(session, step.queue)
        if step.state == "failed":
            return StepProgress(name=name, state="failed", fraction=self._fraction(step)[0], error=job.error())
        if step.state == "cancelled":
            return StepProgress(name=name, state="cancelled", fraction=0.0)
        if step.state == "running":
            fraction, now_doing = self._fraction(step)
            left = _seconds_left(step, fraction, usual)
            return StepProgress(name=name, state="running", fraction=fraction, seconds_left=left, **_said(now_doing))
        if step.state == "queued" and step.queue == REPORT_QUEUE:
            return StepProgress(
                name=name,
                state="running",
                fraction=0.0,
                seconds_left=usual,
                **_said(activity("waiting_for_report_service")),
            )
        return StepProgress(name=name, state="waiting", fraction=0.0, seconds_left=usual)

    def _fraction(self, step: Step) -> tuple[float, Activity | None]:
        reported: ReportedProgress | None = None
        try:
            reported = self._cache.read_progress(step.job_id, step.name)
        except RedisError as error:
            log.warning("progress_cache_away", error=repr(error))
        if reported is None or reported.attempt != step.attempt:
            return 0.0, activity("starting") if step.state == "running" else None
        return reported.fraction, reported.activity

    def _workers(self, queue: str) -> int:
        try:
            return len(self._cache.workers(queue))
        except RedisError as error:
            log.warning("progress_cache_away", error=repr(error))
            return 0


def _said(now_doing: Activity | None) -> dict[str, Any]:
    """The fields of a step's progress that describe its activity."""
    if now_doing is None:
        return {}
    return {
        "activity": Words("en").activity(now_doing),
        "activity_code": now_doing.code,
        "activity_values": now_doing.values,
    }


def _seconds_left(step: Step, fraction: float, usual: float | None) -> float | None:
    """From the speed of this attempt once it is known, before that from the usual duration of such steps."""
    if step.started_at is None:
        return usual
    elapsed = (now() - step.started_at).total_seconds()
    if fraction > _FIRST_GUESS and elapsed > 0.2:
        return elapsed * (1 - fraction) / fraction
    return None if usual is None else max(0.0, usual - elapsed)


def _sum_known(steps: list[StepProgress]) -> float | None:
    """Seconds until the report; None if the duration of a remaining step is unknown."""
    open_steps = [step for step in steps if step.state in ("waiting", "running")]
    known = [step.seconds_left for step in open_steps if step.seconds_left is not None]
    return sum(known) if len(known) == len(open_steps) else None
