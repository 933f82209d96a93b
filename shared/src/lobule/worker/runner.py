"""One attempt at one step, from claim to completion."""

import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Protocol

import httpx
import structlog
from billiard.exceptions import SoftTimeLimitExceeded
from redis.exceptions import RedisError

from lobule.contracts.activity import Activity
from lobule.contracts.progress import ReportedProgress
from lobule.contracts.steps import Claim
from lobule.errors import AnalysisError
from lobule.progress_cache import ProgressCache
from lobule.storage import StoreFullError, StoreUnavailableError
from lobule.worker.gateway_client import GatewayClient, LeaseLostError
from lobule.worker.pipeline import ReportProgress

log = structlog.get_logger()

_REPORT_EVERY_S = 0.1  # the browser polls less often than this


class StepHandler(Protocol):
    """Does the work of a claimed step and writes its output below `claim.output_prefix`."""

    def __call__(self, claim: Claim, progress: ReportProgress) -> Mapping[str, str] | None:
        """Run the step.

        Returns:
            The SHA-256, by name, of each file that the gateway verifies later; None for none.

        Raises:
            AnalysisError: The step failed.
        """
        ...


class StepRunner:
    """Claims a step, keeps its lease alive while the handler works, and reports its outcome.

    Args:
        gateway: Client of the internal API.
        cache: Cache to which progress is written.
        handler: Does the work.
        worker: Name of this process for the operator.
    """

    def __init__(self, gateway: GatewayClient, cache: ProgressCache, handler: StepHandler, worker: str) -> None:
        self._gateway, self._cache, self._handler, self._worker = gateway, cache, handler, worker

    def run(self, queue: str) -> None:
        """Attempt the next step of the queue. Failures of the step are reported to the gateway.

        Raises:
            httpx.HTTPError: The gateway could not be asked for a step; it announces waiting steps again.
        """
        claim = self._gateway.claim(queue, self._worker)
        if claim is None:
            log.info("nothing_to_claim", queue=queue)
            return
        ids = {"job_id": claim.job_id, "step": claim.step, "attempt": claim.attempt, "request_id": claim.request_id}
        with structlog.contextvars.bound_contextvars(**ids):
            started = time.monotonic()
            try:
                self._attempt(claim)
                log.info("step_ended", seconds=round(time.monotonic() - started, 3))
            except LeaseLostError as lost:
                log.warning("step_abandoned", reason=str(lost))
            except httpx.HTTPError as error:
                # The gateway is unreachable. When the lease ends, its reaper queues the step again, so nothing is lost.
                log.error("step_not_reported", error=repr(error))

    def _attempt(self, claim: Claim) -> None:
        files = None
        with _Lease(self._gateway, claim) as lease:
            try:
                files = self._handler(claim, self._progress(claim, lease))
                failure = None
            except LeaseLostError:
                # Once more, after the last write: the gateway then deletes what was left of an image that was removed.
                self._gateway.heartbeat(claim)
                raise
            except Exception as error:
                failure = failure_of(error)
                if failure.reason == "crashed":
                    log.exception("step_crashed")
        if failure is None:
            self._gateway.complete(claim, files or {})
        else:
            log.warning("step_failed", code=failure.code, detail=failure.detail)
            self._gateway.fail(claim, failure)

    def _progress(self, claim: Claim, lease: "_Lease") -> ReportProgress:
        last = 0.0

        def report(fraction: float, activity: Activity) -> None:
            nonlocal last
            lease.check()
            now = time.monotonic()
            if now - last < _REPORT_EVERY_S and fraction < 1.0:
                return
            last = now
            reported = ReportedProgress(attempt=claim.attempt, fraction=min(max(fraction, 0.0), 1.0), activity=activity)
            try:
                self._cache.write_progress(claim.job_id, claim.step, reported)
            except RedisError as error:
                log.warning("progress_not_written", error=repr(error))

        return report


def failure_of(error: BaseException) -> AnalysisError:
    """The failure that an exception of a handler stands for."""
    if isinstance(error, AnalysisError):
        return error
    if isinstance(error, SoftTimeLimitExceeded):
        return AnalysisError("timed_out")
    if isinstance(error, StoreFullError):
        return AnalysisError("storage_full", retryable=True)
    if isinstance(error, StoreUnavailableError):
        return AnalysisError("storage_unavailable", retryable=True)
    return AnalysisError("internal_error", "crashed", retryable=True)


class _Lease:
    """Sends heartbeats from a thread; `check` raises in the working thread once the lease is lost."""

    def __init__(self, gateway: GatewayClient, claim: Claim) -> None:
        self._gateway, self._claim = gateway, claim
        self._ended = threading.Event()
        self._lost: LeaseLostError | None = None
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def check(self) -> None:
        if self._lost is not None:
            raise self._lost

    def _beat(self) -> None:
        while not self._ended.wait(self._claim.lease_seconds / 3):
            try:
                self._gateway.heartbeat(self._claim)
            except LeaseLostError as lost:
                self._lost = lost
                return
            except httpx.HTTPError as error:
                log.warning("heartbeat_missed", job_id=self._claim.job_id, error=repr(error))

    def __enter__(self) -> "_Lease":
        self._thread.start()
        return self

    def __exit__(self, _t: type[BaseException] | None, _e: BaseException | None, _b: TracebackType | None) -> None:
        self._ended.set()


def unavailable(error: AnalysisError) -> StepHandler:
    """A handler that fails every step with the same error."""

    def fail(claim: Claim, progress: ReportProgress) -> None:  # noqa: ARG001 - the protocol's names
        raise error

    return fail
