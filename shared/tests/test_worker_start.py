import os
import subprocess
import sys

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
