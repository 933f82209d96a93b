"""The faults that `bench/faults.py` injects into the system of `bench/fault_world.py`, and the pictures for it."""

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
    """A fault that can be injected into the system.

    Attributes:
        name: Description of the fault.
        inflict: Injects the fault, and returns when it is over.
        short: Whether `--short` includes it.
        ends: Further permitted final states of its jobs, besides `done`.
        prepare: Sends a picture before all others; returns its job.
        sent_after_s: Seconds from the start of the fault until the next picture is sent.
        needs: The required entry of `World.has`.
        films: Whether its jobs are films of a case, which are read together.
    """

    name: str
    inflict: Callable[[World], None]
    short: bool = False
    ends: tuple[str, ...] = ()
    prepare: Callable[[World], str] | None = None
    sent_after_s: float = 0.0
    needs: str = ""
    films: bool = False


def next_picture(width: int = 72) -> bytes:
    """A picture that was not sent before."""
    global _PICTURE
    _PICTURE += 1
    return encode_png(np.full((80 + _PICTURE // 256, width, 3), _PICTURE % 256, np.uint8))


def send(world: World, content: bytes, refused: Counter[str], case: str = "") -> str:
    """Send a picture until it is accepted, as a client does; returns its job.

    Args:
        world: The system.
        content: The picture.
        refused: Counts refusals by code.
        case: The case whose film it is; empty for a field.
    """
    film = {"modality": "mammography", "case_id": case, "view": "CC", "laterality": "R"}
    deadline = time.monotonic() + ACCEPTED_WITHIN_S
    while time.monotonic() < deadline:
        with suppress(httpx.HTTPError):
            answer = httpx.post(
                f"{world.url}/api/v1/images",
                headers=world.headers,
                data=film if case else {"modality": "histopathology"},
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
    """Return a fault that acts when a job is at a step."""

    def inflict(world: World) -> None:
        if step != "upload":
            world.until(lambda: world.running(step), 60, 0.01)
        then(world)

    return inflict


def killed(name: str) -> Callable[[World], None]:
    """Return a fault that kills a process and its children."""
    return lambda world: world.kill(name)


def all_workers_killed(world: World) -> None:
    """Kill all inference workers."""
    world.kill("histo-0")
    world.kill("histo-1")


def only_child(name: str) -> Callable[[World], None]:
    """Return a fault that kills the child of a worker that runs the step, as the kernel does if memory is short."""

    def inflict(world: World) -> None:
        for process in world.processes(name)[1:2]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)

    return inflict


def stopped(name: str) -> Callable[[World], None]:
    """Return a fault that suspends a process for a while, so that its connections stay open without answers."""

    def inflict(world: World) -> None:
        for process in world.processes(name):
            process.suspend()
        time.sleep(max(_OUTAGE_S, LEASE_S))
        world.unmake_faults()

    return inflict


def flushed(world: World) -> None:
    """Delete everything in Redis."""
    world.redis.flushall()


def database_crashes(world: World) -> None:
    """Crash PostgreSQL and start it again after a while."""
    world.postgres.stop(signal.SIGQUIT)
    time.sleep(_OUTAGE_S)
    world.postgres.start()


def network_cut(world: World) -> None:
    """Cut the workers off from the gateway for longer than a lease."""
    world.network.blocked = True
    world.network.cut()
    time.sleep(LEASE_S + 2)
    world.network.blocked = False


def disk_filled(left: int) -> Callable[[World], None]:
    """Return a fault that fills the object store's disk for a while, except for some bytes."""

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
    """Make the object store's disk read-only for a while."""
    if not world.until(lambda: remount(world.store, "ro"), 20, 0.01):
        raise AssertionError("the disk could not be made read-only")
    time.sleep(_OUTAGE_S)
    world.unmake_faults()


def store_fails(world: World) -> None:
    """Let the object store answer 500 for a while."""
    assert world.s3 is not None
    world.s3.failing = True
    time.sleep(_OUTAGE_S)
    world.unmake_faults()


def store_slow(world: World) -> None:
    """Delay each answer of the object store by two seconds for a while."""
    assert world.s3 is not None
    world.s3.pause_s = 2.0
    time.sleep(4 * _OUTAGE_S)
    world.unmake_faults()


def clock_steps(world: World) -> None:
    """Step the gateway's clock an hour ahead, then an hour back, then to the right time."""
    for seconds in (3600, -3600, 0):
        world.clock.step(seconds)
        time.sleep(_OUTAGE_S)


def duplicates(world: World) -> None:
    """Send the same picture eight times at once, which must result in one image with one job."""
    content, jobs = next_picture(), list[str]()
    threads = [threading.Thread(target=lambda: jobs.append(send(world, content, Counter()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(jobs) != 8 or len(set(jobs)) != 1:
        raise AssertionError(f"the same picture became {len(set(jobs))} jobs")


def poison(world: World) -> str:
    """Send a picture that kills each worker that analyses it."""
    return send(world, next_picture(POISON_WIDTH), Counter())


def poisoned_preview(world: World) -> None:
    """Kill each process that draws a preview, which must soon end with an error."""
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
        if tries > kills:  # once for each try, because its successor must start first
            only_child("report")(world)
            kills = tries
        time.sleep(0.01)
    raise AssertionError("the preview is being drawn for ever")


STEPS, PROCESSES = ("upload", "inference", "report"), ("gateway", "histo-0", "report", "redis")
FAULTS: tuple[Fault, ...] = (
    *(Fault(f"kill -9 {name}, during {step}", at(step, killed(name))) for name in PROCESSES for step in STEPS),
    *(
        Fault(f"kill -9 mammo, during {step}", at(step, killed("mammo")), short=step == "examination", films=True)
        for step in (*STEPS, "examination")
    ),
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
    Fault("a preview whose process is killed each time", poisoned_preview),
    Fault("Redis fails over to its replica (Sentinel)", at("inference", World.redis_fails_over), needs="sentinel"),
    Fault("PostgreSQL fails over to its standby", at("inference", World.fail_over)),
)
_NOT_OF_SOAK = (duplicates, poisoned_preview, FAULTS[-1].inflict)
OF_SOAK = [each for each in FAULTS if not (each.ends or each.films) and each.inflict not in _NOT_OF_SOAK]
