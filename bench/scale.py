"""Measures jobs a second with 1, 2 and 4 workers of one queue, and compares them with a model of the queue.

python bench/scale.py measure [--real DATA]   # the whole system, embedded; sleeping workers, or the real network
python bench/scale.py model                   # a day of a national screening programme, simulated
"""

import heapq
import os
import random
import secrets
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from redis import Redis
from redis.exceptions import RedisError

from lobule.client import Client
from lobule.imaging.decode import decode_rgb, encode_png
from lobule.launcher import system as launcher
from lobule.launcher.redis_server import redis_command

app = typer.Typer(help=__doc__)
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Point:
    """The results of a number of workers on a batch of jobs."""

    workers: int
    jobs: int
    seconds: float
    service_s: float
    mean_wait_s: float


@contextmanager
def one_redis() -> Iterator[str]:
    folder = Path(f"/tmp/lobule-{secrets.token_hex(4)}")
    folder.mkdir()
    process = subprocess.Popen(redis_command(folder / "redis.sock"), stdout=subprocess.DEVNULL)
    url = f"unix://{folder / 'redis.sock'}"
    try:
        while True:
            try:
                Redis.from_url(url).ping()
                break
            except RedisError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


@contextmanager
def further_workers(count: int, module: str, environment: dict[str, str]) -> Iterator[None]:
    """Run additional workers."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
    more = [subprocess.Popen([sys.executable, "-m", module], **quiet) for _ in range(count)]
    try:
        yield
    finally:
        for process in more:
            process.terminate()
        for process in more:
            process.wait()


def fields(count: int, real: Path | None) -> list[bytes]:
    """Different images of 700 x 460: real ones, or noise."""
    if real is not None:
        known = sorted(real.glob("SOB_*-100-*.jpg"))[:count]
        return [encode_png(decode_rgb(path.read_bytes())) for path in known]
    noise = np.random.default_rng(0)
    small = [noise.integers(0, 255, (46, 70, 3), dtype=np.uint8) for _ in range(count)]
    return [encode_png(np.repeat(np.repeat(each, 10, 0), 10, 1)) for each in small]


def run(workers: int, images: list[bytes], module: str) -> Point:
    """Start the system with this number of workers, send all images at once, and wait for every report."""
    with one_redis() as redis_url, tempfile.TemporaryDirectory() as folder:
        os.environ["LOBULE_REDIS_URL"] = redis_url
        launcher.WORKER_MODULES.clear()
        launcher.WORKER_MODULES.update({"histo": module, "report": "report.worker"})
        launcher.QUEUES = ("histo", "report")
        home = Path(folder)
        with launcher.running_system(home, "127.0.0.1", 0, show_logs=False, log_format="json", echo=print) as system:
            port = int(system.url.rpartition(":")[2])
            with (
                further_workers(workers - 1, module, system.home.environment(redis_url, port, "json")),
                Client(system.url, launcher.DEMO, system.home.secrets["demo_password"]) as client,
            ):
                while client.models()[0]["workers"] < workers:
                    time.sleep(0.5)
                paths = []
                for number, image in enumerate(images):
                    path = home / f"{number}.png"
                    path.write_bytes(image)
                    paths.append(path)
                with ThreadPoolExecutor(4) as pool:
                    list(pool.map(lambda path: client.upload(path, "histopathology"), paths))
                while any(_open_jobs(home)):
                    time.sleep(0.2)
            return _point(home, workers)


def _open_jobs(home: Path) -> list[str]:
    with sqlite3.connect(home / "lobule.sqlite") as database:
        return [row[0] for row in database.execute("SELECT id FROM jobs WHERE state IN ('queued', 'running')")]


def _point(home: Path, workers: int) -> Point:
    with sqlite3.connect(home / "lobule.sqlite") as database:
        assert database.execute("SELECT count(*) FROM jobs WHERE state != 'done'").fetchone() == (0,)
        query = "SELECT queued_at, started_at, finished_at FROM steps WHERE name = 'inference'"
        steps = [[datetime.fromisoformat(at) for at in row] for row in database.execute(query)]
    first, last = min(step[1] for step in steps), max(step[2] for step in steps)
    return Point(
        workers,
        len(steps),
        (last - first).total_seconds(),
        statistics.median((done - begun).total_seconds() for _, begun, done in steps),
        statistics.mean((begun - asked).total_seconds() for asked, begun, _ in steps),
    )


@app.command()
def measure(
    real: Annotated[Path | None, typer.Option(help="folder of BreakHis fields: measure the real network")] = None,
    jobs: int = 60,
    sleep: float = 0.5,
) -> None:
    """Measure with 1, 2 and 4 workers."""
    os.environ["LOBULE_BENCH_SLEEP_S"] = str(sleep)
    os.environ["PYTHONPATH"] = str(HERE)
    module = "histo_worker.worker" if real else "sleeping_worker"
    images = fields(jobs, real)
    print(f"{os.cpu_count()} cores, load before the run {os.getloadavg()[0]:.1f}, {module}, {len(images)} jobs at once")
    print("| workers | jobs a second | step, median s | mean wait, s | the model's jobs a second | its mean wait, s |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for workers in (1, 2, 4):
        point = run(workers, images, module)
        waits, span = simulate([0.0] * point.jobs, workers, partial(float, point.service_s))
        print(
            f"| {workers} | {point.jobs / point.seconds:.2f} | {point.service_s:.2f} | {point.mean_wait_s:.1f} "
            f"| {point.jobs / span:.2f} | {statistics.mean(waits):.1f} |"
        )


def simulate(arrivals: list[float], workers: int, service) -> tuple[list[float], float]:
    """Simulate a first-come, first-served queue with several servers; returns the waits and the end of the last job."""
    free = [0.0] * workers
    waits: list[float] = []
    end = 0.0
    for at in arrivals:
        begin = max(at, heapq.heappop(free))
        done = begin + service()
        heapq.heappush(free, done)
        waits.append(begin - at)
        end = max(end, done)
    return waits, end


@app.command()
def model(
    women: Annotated[int, typer.Option(help="women screened in a year")] = 2_200_000,
    views: int = 4,
    days: Annotated[int, typer.Option(help="working days a year")] = 250,
    megabytes: Annotated[float, typer.Option(help="size of an uploaded film in MB")] = 25,
    service: Annotated[float, typer.Option(help="seconds that one worker needs for a film")] = 1.0,
    peak: Annotated[float, typer.Option(help="ratio of the busiest hour to the mean")] = 2.0,
) -> None:
    """Simulate a working day of ten hours with a peak in the morning, for several numbers of workers."""
    films = women * views / days
    hours = [1.0] * 10
    hours[1] = hours[2] = peak
    share = [hour / sum(hours) for hour in hours]
    chance = random.Random(0)
    arrivals = sorted(
        (hour + chance.random()) * 3600 for hour, part in enumerate(share) for _ in range(round(films * part))
    )
    busiest = max(share) * films / 3600
    print(f"{films:,.0f} films a day, {films / 36000:.2f} a second in the mean, {busiest:.2f} in the busiest hour")
    print(f"{films * megabytes / 1e6:.2f} TB a day, {busiest * megabytes * 8 / 1000:.2f} Gbit/s in the busiest hour")
    print(
        "| workers | load in the busiest hour | median wait, s | 95 %, s | longest, s | last report after the day, s |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    least = int(busiest * service) + 1
    for workers in sorted({max(1, int(least * 0.8)), least, int(least * 1.25) + 1, least * 2}):
        waits, end = simulate(arrivals, workers, lambda: service * chance.uniform(0.8, 1.2))
        waits.sort()
        load = busiest * service / workers
        print(
            f"| {workers} | {load:.0%} | {waits[len(waits) // 2]:.1f} | {waits[int(0.95 * len(waits))]:.1f} "
            f"| {waits[-1]:.1f} | {max(0.0, end - 36000):.0f} |"
        )


if __name__ == "__main__":
    app()
