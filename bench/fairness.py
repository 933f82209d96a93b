"""Measures how long a person at the portal waits while another user's batch fills the queue.

python bench/fairness.py [--jobs 300] [--workers 1] [--sleep 0.5]

The workers sleep instead of computing; everything else is the real system. One user sends a batch through the API; then
another user sends four images from the portal and one through the API. Prints, for each of those, the time from the
accepted upload to its start, and from the first free worker to its start, which may be 2 s at most for the first one.
"""

import os
import re
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import httpx
import typer
from scale import HERE, fields, further_workers, one_redis

from lobule.client import Client
from lobule.launcher import system as launcher

BAR_S = 2.0
Times = tuple[datetime, datetime, datetime]  # when a step was queued, started and finished


@contextmanager
def at_portal(url: str, username: str, password: str) -> Iterator[httpx.Client]:
    """A browser's session with a logged-in user."""
    with httpx.Client(base_url=url, follow_redirects=True, timeout=60) as browser:
        browser.post("/login", data={"username": username, "password": password}).raise_for_status()
        found = re.search(r'name="csrf-token" content="([0-9a-f]+)"', browser.get("/new").text)
        assert found, "not logged in"
        browser.headers["X-CSRF-Token"] = found[1]
        yield browser


def steps(home: Path) -> dict[str, Times]:
    """The finished inference steps by job."""
    with sqlite3.connect(home / "lobule.sqlite") as database:
        query = (
            "SELECT job_id, queued_at, started_at, finished_at FROM steps WHERE name = 'inference' AND state = 'done'"
        )
        rows = database.execute(query).fetchall()
    return {job: tuple(datetime.fromisoformat(at) for at in times) for job, *times in rows}  # pyright: ignore


def wait_of(job: str, done: dict[str, Times]) -> tuple[float, float]:
    """Seconds from the upload to the start, and from the first free worker to the start."""
    queued, started, _ = done[job]
    free = min((finished for *_, finished in done.values() if queued < finished <= started), default=started)
    return (started - queued).total_seconds(), (started - free).total_seconds()


def main(
    jobs: Annotated[int, typer.Option(help="of the batch")] = 300,
    number: Annotated[int, typer.Option("--workers")] = 1,
    sleep: Annotated[float, typer.Option(help="seconds that a worker needs for an image")] = 0.5,
) -> None:
    """Run the benchmark; exit with status 1 if the first image of the portal waits longer than the limit."""
    os.environ["LOBULE_BENCH_SLEEP_S"], os.environ["PYTHONPATH"] = str(sleep), str(HERE)
    launcher.WORKER_MODULES.clear()
    launcher.WORKER_MODULES.update({"histo": "sleeping_worker", "report": "report.worker"})
    launcher.QUEUES = ("histo", "report")
    with one_redis() as redis_url, tempfile.TemporaryDirectory() as folder:
        os.environ["LOBULE_REDIS_URL"] = redis_url
        home = Path(folder)
        with launcher.running_system(home, "127.0.0.1", 0, show_logs=False, log_format="json", echo=print) as system:
            environment = system.home.environment(redis_url, int(system.url.rpartition(":")[2]), "json")
            with further_workers(number - 1, "sleeping_worker", environment):
                waits = measure(system, home, jobs, number)
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f}, {number} worker(s), {sleep} s an image, batch of {jobs}")
    print("| image | upload to start, s | free worker to start, s |\n| --- | ---: | ---: |")
    for name, (wait, after_free) in waits.items():
        print(f"| {name} | {wait:.2f} | {after_free:.2f} |")
    missed = [name for name, (_, after_free) in waits.items() if name == "portal 1" and after_free > BAR_S]
    sys.exit(1 if missed else 0)


def other_clinician(home: Path) -> tuple[str, str]:
    """Name and password of a second user, because the folder's administrator uploads nothing."""
    name, password = "colleague", secrets.token_urlsafe(16)
    add = [sys.executable, "-m", "lobule.cli", "user", "add", name, "--home", str(home), "--password-stdin"]
    subprocess.run(add, input=password, text=True, check=True, stdout=subprocess.DEVNULL)
    return name, password


def measure(system: launcher.RunningSystem, home: Path, jobs: int, number: int) -> dict[str, tuple[float, float]]:
    """Send the batch, then a person's images, and wait for the latter."""
    pictures, colleague = fields(jobs + 5, None), other_clinician(system.home.folder)
    with (
        Client(system.url, launcher.DEMO, system.home.secrets["demo_password"], timeout_s=120) as sender,
        Client(system.url, *colleague, timeout_s=120) as other,
        at_portal(system.url, *colleague) as browser,
    ):
        while sender.models()[0]["workers"] < number:
            time.sleep(0.2)
        paths = [home / f"{secrets.token_hex(4)}.png" for _ in pictures]
        for path, picture in zip(paths, pictures, strict=True):
            path.write_bytes(picture)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda path: sender.upload(path, "histopathology"), paths[:jobs]))
        behind = len(steps(home))
        sent: dict[str, str] = {}
        for place, path in enumerate(paths[jobs : jobs + 4], 1):
            form, file = {"modality": "histopathology"}, {"file": (path.name, path.read_bytes())}
            answer = browser.post("/api/v1/images", data=form, files=file).raise_for_status()
            sent[f"portal {place}"] = answer.json()["job"]["id"]
        sent["API, other user"] = other.upload(paths[-1], "histopathology")
        print(f"the batch had {jobs - behind} images waiting when the portal's came")
        for job in sent.values():
            for progress in other.follow(job, lambda _seconds: time.sleep(0.2)):
                assert progress.state not in ("failed", "dead"), progress
        done = steps(home)
        return {name: wait_of(job, done) for name, job in sent.items()}


if __name__ == "__main__":
    typer.run(main)
