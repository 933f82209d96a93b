"""One attempt at a step: whatever happens to the handler, the gateway is told, once, and in words."""

import json
import threading
import time
from http.server import ThreadingHTTPServer

import pytest
from billiard.exceptions import SoftTimeLimitExceeded
from prometheus_client import REGISTRY
from redis import Redis
from silent_server import SilentHandler

from lobule.contracts.activity import activity
from lobule.contracts.models import WorkerAnnouncement
from lobule.contracts.steps import read_files
from lobule.errors import AnalysisError
from lobule.progress_cache import ProgressCache
from lobule.storage import StoreFullError, StoreUnavailableError
from lobule.worker.gateway_client import GatewayClient
from lobule.worker.metrics import MeasuredHandler
from lobule.worker.runner import StepRunner, unavailable

PATIENCE_S = 60
CLAIM = {
    "job_id": "j1",
    "step": "inference",
    "attempt": 2,
    "lease_seconds": 0.3,
    "image": {
        "sha256": "0" * 64,
        "file_name": "a.png",
        "modality": "histopathology",
        "width": 80,
        "height": 70,
    },
    "image_key": "images/1/original",
    "output_prefix": "jobs/j1/inference/2",
}


class Gateway:
    """A gateway that answers as it is told, and remembers what was said."""

    def __init__(self) -> None:
        self.said: list[tuple[str, dict]] = []
        self.files: dict[str, str] = {}
        self.answers: dict[str, list[int]] = {}
        outer = self

        class Handler(SilentHandler):
            def do_POST(self) -> None:  # noqa: N802 - a name of http.server
                verb = self.path.rsplit("/", 1)[1]
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.said.append((verb, body))
                outer.files |= read_files(self.headers)
                planned = outer.answers.get(verb, [])
                status = planned.pop(0) if planned else 200 if verb == "claim" else 204
                content = json.dumps(CLAIM).encode() if status == 200 else b""
                self.answer(status, content)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def verbs(self) -> list[str]:
        return [verb for verb, _ in self.said if verb != "heartbeat"]


@pytest.fixture
def gateway():
    gateway = Gateway()
    yield gateway
    gateway.server.shutdown()


@pytest.fixture
def board(clean_redis) -> ProgressCache:
    return ProgressCache(Redis.from_url(clean_redis, decode_responses=True))


def run(gateway: Gateway, board: ProgressCache, handler, patience: float = 5) -> None:
    with GatewayClient(gateway.url, "token", patience_s=patience) as client:
        StepRunner(client, board, handler, "test").run("mammo")


def test_done(gateway, board):
    def handler(claim, progress):
        progress(0.5, activity("drawing"))

    run(gateway, board, handler)
    assert gateway.verbs() == ["claim", "complete"]
    assert ("complete", {"attempt": 2}) in gateway.said
    reported = board.read_progress("j1", "inference")
    assert reported is not None
    assert (reported.attempt, reported.fraction, reported.activity.code) == (2, 0.5, "drawing")


def test_the_gateway_is_told_which_files_were_made(gateway, board):
    files = {"report.en.pdf": "a" * 64, "report.zh.pdf": "b" * 64}
    run(gateway, board, MeasuredHandler(lambda claim, progress: files))
    assert ("complete", {"attempt": 2}) in gateway.said, "which a gateway of an earlier version understands"
    assert gateway.files == files


def raising(error: BaseException):
    def handler(claim, progress):
        raise error

    return handler


@pytest.mark.parametrize(
    ("handler", "code", "retryable"),
    [
        (raising(AnalysisError("not_histology", "blank")), "not_histology", False),
        (raising(AnalysisError("image_unreadable", "dicom_header", retryable=True)), "image_unreadable", False),
        (raising(SoftTimeLimitExceeded()), "timed_out", False),
        (raising(StoreFullError("secret detail")), "storage_full", True),
        (raising(StoreUnavailableError("secret detail")), "storage_unavailable", True),
        (raising(ZeroDivisionError("secret detail")), "internal_error", True),
        (unavailable(AnalysisError("model_unavailable")), "model_unavailable", False),
    ],
)
def test_failures_are_told_in_words(gateway, board, handler, code, retryable):
    def counted() -> float:
        return REGISTRY.get_sample_value("lobule_step_failures_total", {"step": "inference", "code": code}) or 0.0

    before = counted()
    run(gateway, board, MeasuredHandler(handler))
    assert gateway.verbs() == ["claim", "fail"]
    said = next(said for verb, said in gateway.said if verb == "fail")
    assert (said["code"], said["retryable"], said["attempt"]) == (code, retryable, 2)
    assert counted() == before + 1, "the metric has the code that the gateway is told"
    assert "secret detail" not in said["detail"]


def test_nothing_to_claim(gateway, board):
    gateway.answers["claim"] = [204]
    run(gateway, board, raising(AssertionError("must not run")))
    assert gateway.verbs() == ["claim"]


def test_the_lease_is_kept_alive(gateway, board):
    def handler(claim, progress):
        deadline = time.monotonic() + PATIENCE_S
        while sum(verb == "heartbeat" for verb, _ in gateway.said) < 3:
            assert time.monotonic() < deadline, "no heartbeats came"
            time.sleep(0.02)

    run(gateway, board, handler)
    assert gateway.verbs() == ["claim", "complete"]


def test_a_lost_lease_stops_the_work_and_nothing_is_claimed_to_be_done(gateway, board):
    gateway.answers["heartbeat"] = [409]
    ended = []

    def handler(claim, progress):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            progress(0.5, activity("drawing"))
            time.sleep(0.02)
        ended.append(claim)

    run(gateway, board, handler)
    assert gateway.verbs() == ["claim"]
    assert ended == [], "the work was stopped"


def test_what_is_written_after_the_lease_was_lost_is_told(gateway, board):
    """The gateway deletes the output of a removed image at each message about it."""
    gateway.answers["heartbeat"] = [409, 409]
    said_before = []

    def handler(claim, progress):
        deadline = time.monotonic() + PATIENCE_S
        while not any(verb == "heartbeat" for verb, _ in gateway.said):
            assert time.monotonic() < deadline, "no heartbeat came"
            time.sleep(0.02)
        said_before.extend(gateway.said)  # and here the output would be written
        while time.monotonic() < deadline:
            progress(1.0, activity("drawing"))
            time.sleep(0.02)

    run(gateway, board, handler)
    assert [verb for verb, _ in gateway.said[len(said_before) :]] == ["heartbeat"]


def test_a_gateway_that_restarts_is_waited_for(gateway, board):
    gateway.answers["complete"] = [503, 502]
    run(gateway, board, lambda claim, progress: None)
    assert gateway.verbs() == ["claim", "complete", "complete", "complete"]


def test_a_gateway_that_stays_away_is_no_crash(gateway, board):
    gateway.answers["complete"] = [503] * 50
    run(gateway, board, lambda claim, progress: None, patience=0.3)
    assert gateway.verbs()[0] == "claim"


def test_without_redis_the_work_goes_on(gateway):
    nowhere = ProgressCache(Redis.from_url("unix:///nowhere/redis.sock", decode_responses=True))
    run(gateway, nowhere, lambda claim, progress: progress(0.5, activity("drawing")))
    assert gateway.verbs() == ["claim", "complete"]


def test_workers_announce_and_withdraw(board):
    first = WorkerAnnouncement(worker="a", queue="histo", modality="histopathology")
    board.announce(first)
    board.announce(WorkerAnnouncement(worker="b", queue="mammo", modality="mammography"))
    assert [worker.worker for worker in board.workers("histo")] == ["a"]
    assert len(board.workers()) == 2
    board.withdraw(first)
    assert board.workers("histo") == []
