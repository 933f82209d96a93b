"""What is done to the system of `bench/fault_world.py`, and pictures that are sent meanwhile."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import httpx
import numpy as np
import psutil
from fault_parts import RESERVE_BYTES, remount
from fault_world import LEASE_S, World
from sleeping_worker import POISON_WIDTH

from lobule.imaging.decode import encode_png

ACCEPTED_WITHIN_S = 240.0
_TRIES = "lobule:picture-tries:*"
_OUTAGE_S = 3.0
_PICTURE = 0


@dataclass(frozen=True)
class Fault:
    """What is done to the system.

    Attributes:
        name: In words.
        inflict: Does it, and returns when it is over.
        short: Whether it is of the short form.
        ends: How its jobs may end but `done`.
        prepare: Sends what is sent before all others; returns its job.
        sent_after_s: How long after the fault begins the first of the others is sent.
        needs: Of `World.has`.
    """

    name: str
    inflict: Callable[[World], None]
    short: bool = False
    ends: tuple[str, ...] = ()
    prepare: Callable[[World], str] | None = None
    sent_after_s: float = 0.0
    needs: str = ""


def next_picture(width: int = 72) -> bytes:
    """A picture that was not sent yet."""
    global _PICTURE
    _PICTURE += 1
    return encode_png(np.full((80 + _PICTURE // 256, width, 3), _PICTURE % 256, np.uint8))


def send(world: World, content: bytes, refused: Counter[str]) -> str:
    """Send a picture until it is accepted, as a client does; returns its job."""
    deadline = time.monotonic() + ACCEPTED_WITHIN_S
    while time.monotonic() < deadline:
        with suppress(httpx.HTTPError):
            answer = httpx.post(
                f"{world.url}/api/v1/images",
                headers=world.headers,
                data={"modality": "histopathology"},
                files={"file": ("a.png", content)},
                timeout=20,
            )
            if answer.status_code == 202:
                return str(answer.json()["job"]["id"])
            if answer.status_code == 409:  # it was accepted, and the answer was lost
                return str(answer.json()["existing_job_id"])
            refused[str(answer.json().get("code"))] += 1
        time.sleep(0.2)
    raise TimeoutError("an upload was never accepted")


def at(step: str, then: Callable[[World], None]) -> Callable[[World], None]:
    """Does something when a job is at a step."""

    def inflict(world: World) -> None:
        if step != "upload":
            world.until(lambda: world.running(step), 60, 0.01)
        then(world)

    return inflict


def killed(name: str) -> Callable[[World], None]:
    """Kills a process with all that it started."""
    return lambda world: world.kill(name)


def all_workers_killed(world: World) -> None:
    """Kills all workers of inference."""
    world.kill("histo-0")
    world.kill("histo-1")


def only_child(name: str) -> Callable[[World], None]:
    """Kills the process of a worker that holds the step, as the system does where memory is short."""

    def inflict(world: World) -> None:
        for process in world.processes(name)[1:2]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)

    return inflict


def stopped(name: str) -> Callable[[World], None]:
    """Stops a process for a while, so that its connections stay open and nothing answers."""

    def inflict(world: World) -> None:
        for process in world.processes(name):
            process.suspend()
        time.sleep(max(_OUTAGE_S, LEASE_S))
        world.unmake_faults()

    return inflict


def flushed(world: World) -> None:
    """Redis forgets everything."""
    world.redis.flushall()


def database_crashes(world: World) -> None:
    """PostgreSQL ends at once, and comes back after a while."""
    world.postgres.stop(signal.SIGQUIT)
    time.sleep(_OUTAGE_S)
    world.postgres.start()


def network_cut(world: World) -> None:
    """Workers lose the gateway for longer than a lease."""
    world.network.blocked = True
    world.network.cut()
    time.sleep(LEASE_S + 2)
    world.network.blocked = False


def disk_filled(left: int) -> Callable[[World], None]:
    """Fills the disk of the objects for a while, but for some bytes."""

    def inflict(world: World) -> None:
        filler = world.store / "filler"
        with filler.open("wb") as stream, suppress(OSError):
            while True:
                stream.write(bytes(1 << 20))
                stream.flush()
        if left:
            with filler.open("r+b") as stream:
                stream.truncate(max(0, filler.stat().st_size - left))
        time.sleep(_OUTAGE_S)
        filler.unlink()

    return inflict


def disk_read_only(world: World) -> None:
    """Nothing can be written to the disk of the objects for a while."""
    if not world.until(lambda: remount(world.store, "ro"), 20, 0.01):
        raise AssertionError("the disk could not be made read-only")
    time.sleep(_OUTAGE_S)
    world.unmake_faults()


def store_fails(world: World) -> None:
    """The store answers 500 for a while."""
    assert world.s3 is not None
    world.s3.failing = True
    time.sleep(_OUTAGE_S)
    world.unmake_faults()


def store_slow(world: World) -> None:
    """Each answer of the store takes two seconds more for a while."""
    assert world.s3 is not None
    world.s3.pause_s = 2.0
    time.sleep(4 * _OUTAGE_S)
    world.unmake_faults()


def clock_steps(world: World) -> None:
    """The gateway's clock is an hour ahead, then an hour behind, then right again."""
    for seconds in (3600, -3600, 0):
        world.clock.step(seconds)
        time.sleep(_OUTAGE_S)


def duplicates(world: World) -> None:
    """The same picture, eight times at once: one image with one job."""
    content, jobs = next_picture(), list[str]()
    threads = [threading.Thread(target=lambda: jobs.append(send(world, content, Counter()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(jobs) != 8 or len(set(jobs)) != 1:
        raise AssertionError(f"the same picture became {len(set(jobs))} jobs")


def poison(world: World) -> str:
    """A picture that ends each worker which takes it."""
    return send(world, next_picture(POISON_WIDTH), Counter())


def poisoned_preview(world: World) -> None:
    """Whoever draws a preview is killed, each time: it ends with an error, soon."""
    files = {"file": ("a.png", encode_png(np.full((6000, 6000, 3), 90, np.uint8)))}  # it takes long enough to be killed
    preview = world.post("/api/v1/previews", files=files).json()["id"]
    kills, deadline = 0, time.monotonic() + ACCEPTED_WITHIN_S
    while time.monotonic() < deadline:
        state = httpx.get(f"{world.url}/api/v1/previews/{preview}", headers=world.headers, timeout=20).json()
        if state["state"] != "drawing":
            print(f"    preview: {state['state']} ({(state.get('error') or {}).get('code')}) after {kills} kills")
            if not kills:
                raise AssertionError("the preview was drawn before anything was killed")
            return
        [tries] = [int(world.redis.get(key) or 0) for key in world.redis.scan_iter(f"{_TRIES}{preview}")] or [0]
        if tries > kills:  # once for each try: its successor must come up
            only_child("report")(world)
            kills = tries
        time.sleep(0.01)
    raise AssertionError("the preview is being drawn for ever")


STEPS, PROCESSES = ("upload", "inference", "report"), ("gateway", "histo-0", "report", "redis")
FAULTS: tuple[Fault, ...] = (
    *(Fault(f"kill -9 {name}, during {step}", at(step, killed(name))) for name in PROCESSES for step in STEPS),
    Fault("out of memory: child of a worker killed", at("inference", only_child("histo-0")), short=True),
    Fault("out of memory: child of the report service killed", at("report", only_child("report"))),
    Fault("kill -9 of all workers", at("inference", all_workers_killed)),
    Fault("Redis flushed", at("inference", flushed), short=True),
    Fault("Redis stopped", at("inference", stopped("redis"))),
    Fault("gateway stopped", at("inference", stopped("gateway"))),
    Fault("worker stopped beyond its lease", at("inference", stopped("histo-0"))),
    Fault("PostgreSQL crashes", at("inference", database_crashes), short=True),
    Fault("network between workers and gateway cut", at("inference", network_cut), short=True),
    Fault("disk below its reserve", disk_filled(RESERVE_BYTES // 2), short=True, sent_after_s=1.5, needs="disk"),
    Fault("disk full", disk_filled(0), ends=("failed",), needs="disk"),
    Fault("disk read-only", disk_read_only, short=True, needs="disk"),
    Fault("store answers 500", store_fails, needs="s3"),
    Fault("store answers two seconds late", store_slow, needs="s3"),
    Fault("gateway's clock an hour ahead, then behind", clock_steps, needs="clock"),
    Fault("the same picture eight times at once", duplicates, short=True),
    Fault("a picture that ends each worker", lambda _: None, short=True, ends=("dead",), prepare=poison),
    Fault("a preview whose drawer is killed each time", poisoned_preview),
    Fault("Redis fails over to its replica (Sentinel)", at("inference", World.redis_fails_over), needs="sentinel"),
    Fault("PostgreSQL fails over to its standby", at("inference", World.fail_over)),
)
_NOT_OF_SOAK = (duplicates, poisoned_preview, FAULTS[-1].inflict)
OF_SOAK = [each for each in FAULTS if not each.ends and each.inflict not in _NOT_OF_SOAK]
