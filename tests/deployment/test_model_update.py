"""Another model package is rolled out while jobs run, as docs/operations.md describes; no job is lost."""

import json
import re
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from lobule.imaging.decode import decode_rgb, encode_png

VERSION = "99.0.0"
PACKAGE = f"/var/lib/lobule/models/updated-{VERSION}"
COPY = f"""
import json, pathlib, shutil
import histo_worker.settings as settings
target = pathlib.Path("{PACKAGE}")
shutil.copytree(settings.PACKAGES / settings.DEFAULT_MODEL, target, dirs_exist_ok=True)
manifest = target / "model.json"
manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {{"version": "{VERSION}"}}))
"""


def workers_by_version(deployment) -> dict[str, int]:
    """Ready histopathology workers by their model's version, from the metrics."""
    read = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8001/metrics').read().decode())"
    lines = deployment.python("gateway", read).splitlines()
    pattern = re.compile(r'lobule_workers_by_model{.*queue="histo".*version="([^"]+)".*} ([0-9.]+)')
    found = map(pattern.match, lines)
    return {match[1]: int(float(match[2])) for match in found if match}


def until(works, what: str, seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not works():
        assert time.monotonic() < deadline, what
        time.sleep(1)


@pytest.fixture
def load(deployment, real_field):
    """Sends a field every two seconds until it is stopped; returns the jobs."""
    field = decode_rgb(real_field.read_bytes())
    jobs: list[str] = []
    stop = threading.Event()

    def send(client) -> None:
        while not stop.wait(2):
            part = field.copy()
            part[-2:, : 4 * (len(jobs) + 1)] = 0
            path = folder / f"update-{len(jobs)}.png"
            path.write_bytes(encode_png(part))
            jobs.append(client.upload(path, "histopathology"))

    with tempfile.TemporaryDirectory() as name, deployment.client() as client:
        folder = Path(name)
        thread = threading.Thread(target=send, args=(client,))
        thread.start()
        try:
            yield jobs, stop
        finally:
            stop.set()
            thread.join()


def test_a_new_package_comes_to_work_while_jobs_go_on(deployment, load, capsys):
    jobs, stop = load
    old = deployment.container("histo-worker")
    (inspected,) = json.loads(deployment.run_engine("inspect", old))
    volume = f"{deployment.project}_models:/var/lib/lobule/models"
    copy = ("run", "--rm", "--user", "0", "-v", volume, inspected["Image"], "python", "-c", COPY)
    deployment.run_engine(*copy)
    before = workers_by_version(deployment)
    assert VERSION not in before
    deployment.environment["LOBULE_HISTO_MODEL"] = PACKAGE
    deployment.run_compose("up", "-d", "--no-deps", "--no-recreate", "--scale", "histo-worker=2", "histo-worker")
    fewest = [sum(before.values())]

    def both() -> bool:
        now = workers_by_version(deployment)
        fewest.append(sum(now.values()))
        return VERSION in now

    until(both, "the second worker is not ready")
    deployment.run_engine("stop", "-t", "60", old, seconds=120)
    deployment.run_engine("rm", old)
    until(lambda: set(workers_by_version(deployment)) == {VERSION}, "the first worker is still counted")
    time.sleep(6)
    stop.set()
    with deployment.client() as client:
        ends = [list(client.follow(job, time.sleep))[-1] for job in jobs]
        served = Counter(client.result(job).model.version for job in jobs)
    with capsys.disabled():
        print(f"\n{len(jobs)} jobs, by the model's version: {dict(served)}")
    assert min(fewest) >= 1, "no worker was ready for a while"
    assert {end.state for end in ends} == {"done"}
    assert set(served) == {*before, VERSION}
