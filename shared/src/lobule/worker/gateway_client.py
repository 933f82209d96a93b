"""The worker's client of the gateway's internal API."""

import time
from collections.abc import Mapping
from types import TracebackType

import httpx
import structlog

from lobule.contracts import compatibility
from lobule.contracts.steps import Claim, ClaimRequest, Completion, Failure, Heartbeat, write_files
from lobule.errors import AnalysisError

log = structlog.get_logger()

_PATIENCE_S = 60.0  # how long a worker waits for a restarting gateway; then the reaper handles the job


class LeaseLostError(Exception):
    """The attempt is no longer the current one: it was cancelled, or another worker has the step."""


class GatewayClient:
    """Claims steps and reports their outcome. Calls wait for a short time while the gateway is unreachable."""

    def __init__(self, base_url: str, internal_token: str, patience_s: float = _PATIENCE_S) -> None:
        self._http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {internal_token}", **compatibility.HEADERS},
            timeout=httpx.Timeout(10, connect=3),
        )
        self._patience_s = patience_s

    def __enter__(self) -> "GatewayClient":
        return self

    def __exit__(self, _t: type[BaseException] | None, _e: BaseException | None, _b: TracebackType | None) -> None:
        self._http.close()

    def claim(self, queue: str, worker: str) -> Claim | None:
        """Claim the next step of a queue; None if no step waits."""
        answer = self._post(f"/queues/{queue}/claim", ClaimRequest(worker=worker))
        answer.raise_for_status()
        if answer.status_code == 204:
            return None
        return compatibility.read_claim(answer.content)

    def heartbeat(self, claim: Claim) -> None:
        """Renew the lease.

        Raises:
            LeaseLostError: The attempt is no longer the current one.
        """
        self._report(claim, "heartbeat", Heartbeat(attempt=claim.attempt), patience_s=0)

    def complete(self, claim: Claim, files: Mapping[str, str]) -> None:
        """Report that the output of the attempt is complete.

        Args:
            claim: Claim of the attempt.
            files: The SHA-256, by name, of each file that the gateway verifies later.

        Raises:
            LeaseLostError: The attempt is no longer the current one; its output is ignored.
        """
        self._report(claim, "complete", Completion(attempt=claim.attempt), headers=write_files(files))

    def fail(self, claim: Claim, error: AnalysisError) -> None:
        """Report why the attempt failed.

        Raises:
            LeaseLostError: The attempt is no longer the current one.
        """
        document = error.document().model_dump()
        failure = Failure(attempt=claim.attempt, retryable=error.retryable, **document)
        self._report(claim, "fail", failure)

    def _report(
        self,
        claim: Claim,
        verb: str,
        body: Heartbeat | Completion | Failure,
        patience_s: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        answer = self._post(f"/jobs/{claim.job_id}/steps/{claim.step}/{verb}", body, patience_s, headers)
        if answer.status_code in (404, 409):
            raise LeaseLostError(f"{verb} of attempt {claim.attempt} was refused")
        answer.raise_for_status()

    def _post(
        self,
        path: str,
        body: ClaimRequest | Heartbeat | Completion | Failure,
        patience_s: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send a POST request, and repeat it while the gateway is unreachable.

        Repeating a request is safe: the attempt number fences it, and a claim whose response was lost is queued again
        when its lease expires.
        """
        deadline = time.monotonic() + (self._patience_s if patience_s is None else patience_s)
        pause, sent = 0.1, {"Content-Type": "application/json", **(headers or {})}
        while True:
            try:
                answer = self._http.post(f"/internal/v1{path}", content=body.model_dump_json(), headers=sent)
                if answer.status_code < 500:
                    return answer
                problem = f"status {answer.status_code}"
            except httpx.TransportError as error:
                problem = repr(error)
                answer = None
            if time.monotonic() + pause > deadline:
                if answer is not None:
                    return answer
                raise httpx.ConnectError(f"the gateway could not be reached for {path}: {problem}")
            log.warning("gateway_away", path=path, problem=problem, again_in_s=pause)
            time.sleep(pause)
            pause = min(pause * 2, 5.0)
