"""How a worker starts that cannot do its work."""

import os
import subprocess
import sys
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from silent_server import SilentHandler

from lobule.contracts.models import ModelManifest, WorkerAnnouncement
from lobule.progress_cache import ProgressCache
from lobule.queueing import announce, make_celery
from lobule.redis_address import connect

WORKER = """
from lobule.worker.app import run_worker

def equip(store):
    raise RuntimeError("no equipment")

run_worker("histo", equip)
"""


def test_a_worker_whose_child_cannot_start_ends(clean_redis, tmp_path):
    settings = {
        "LOBULE_REDIS_URL": clean_redis,
        "LOBULE_OBJECT_STORE_URL": (tmp_path / "objects").as_uri(),
        "LOBULE_INTERNAL_TOKEN": "t" * 32,
    }
    done = subprocess.run(
        [sys.executable, "-c", WORKER], env=os.environ | settings, capture_output=True, text=True, timeout=120
    )
    assert "no equipment" in done.stderr + done.stdout
    assert (done.stderr + done.stdout).count("worker_not_ready") < 4


WITHOUT_MODEL = """
from lobule.errors import AnalysisError
from lobule.worker.app import WorkerRuntime, run_worker
from lobule.worker.runner import unavailable

run_worker("histo", lambda store: WorkerRuntime(unavailable(AnalysisError("model_unavailable")), complete=False))
"""
PATIENCE_S = 120


@pytest.fixture
def claims():
    """Address of a gateway that has nothing to claim, and an event of the first claim."""
    claimed = threading.Event()

    class Handler(SilentHandler):
        def do_POST(self) -> None:  # noqa: N802 - a name of http.server
            claimed.set()
            self.answer(204)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", claimed
        server.shutdown()


def test_a_worker_without_a_model_leaves_the_work_to_those_that_have_one(clean_redis, tmp_path, claims):
    address, claimed = claims
    [package] = Path(__file__).parents[2].glob("services/histo-worker/src/histo_worker/model_packages/*/model.json")
    manifest = ModelManifest.model_validate_json(package.read_text("utf-8"))
    other = WorkerAnnouncement(worker="other", queue="histo", modality="histopathology", manifest=manifest)
    cache = ProgressCache(connect(clean_redis))
    cache.announce(other)
    announce(make_celery(clean_redis), "histo", "j1", "inference")
    settings = {
        "LOBULE_REDIS_URL": clean_redis,
        "LOBULE_OBJECT_STORE_URL": (tmp_path / "objects").as_uri(),
        "LOBULE_INTERNAL_TOKEN": "t" * 32,
        "LOBULE_GATEWAY_URL": address,
    }
    command = [sys.executable, "-c", WITHOUT_MODEL]
    with subprocess.Popen(
        command, env=os.environ | settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as worker:
        assert worker.stdout is not None
        try:
            asked = next(line for line in worker.stdout if "left_to_others" in line or "nothing_to_claim" in line)
            assert "left_to_others" in asked
            assert not claimed.is_set()
            cache.withdraw(other)
            assert claimed.wait(PATIENCE_S), "the last worker tells why it cannot do the work"
        finally:
            worker.terminate()
            worker.communicate(timeout=PATIENCE_S)
