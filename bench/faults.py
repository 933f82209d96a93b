"""Injects faults into the whole system and checks that no accepted job is lost or reported twice.

python bench/faults.py [--short] [--jobs 4] [--soak 300]

While a fault is injected, jobs are sent; then every accepted job must end. `lost` counts accepted jobs that the
database does not know or that never end, `twice` those about which a webhook got two messages, and `seconds` is the
time from the end of the fault until its last job has ended. `--short` runs only short faults. The soak sends more jobs
while random faults are injected, ten a minute.

Exits with status 1 if a job was lost or reported twice, an upload was answered with `internal_error`, or a job did not
end as its fault allows.
"""

import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, NoReturn

import typer
from fault_kinds import FAULTS, OF_SOAK, Fault, next_picture, send
from fault_parts import FaultyS3
from fault_world import World, running_world

_MISSING = {"disk": "only root may mount a small disk", "clock": "it takes libfaketime (Debian: faketime)"}
ENDS_WITHIN_S = 240.0


@dataclass
class Outcome:
    """The outcome of a fault's jobs."""

    accepted: int = 0
    refused: int = 0
    crashed: int = 0
    states: Counter[str] = field(default_factory=Counter[str])
    lost: int = 0
    twice: int = 0
    seconds: float = 0.0


def judge(world: World, jobs: list[str]) -> Outcome:
    """Wait until the jobs have ended, and count their outcomes."""
    outcome = Outcome(accepted=len(jobs))
    query = "SELECT id, state FROM jobs WHERE id = ANY(:jobs)"

    def states() -> dict[str, str]:
        return dict(map(tuple, world.rows(query, jobs=jobs)))

    def ended() -> int:
        return sum(state not in ("queued", "running") for state in states().values())

    over = 0  # a queue may be long: what counts is that it moves
    while over < len(jobs) and world.until(lambda over=over: ended() > over, ENDS_WITHIN_S, 0.2):
        over = ended()
    known = states()
    outcome.states = Counter(known.values())
    outcome.lost = sum(known.get(job) not in ("done", "failed", "dead") for job in jobs)
    reported = "SELECT job_id FROM webhook_deliveries WHERE job_id = ANY(:jobs) GROUP BY job_id, webhook_id"
    outcome.twice = len({job for (job,) in world.rows(f"{reported} HAVING count(*) > 1", jobs=jobs)})
    return outcome


def measure(world: World, fault: Fault, count: int, first: Sequence[str] = ()) -> Outcome:
    """Inject one fault while jobs are sent; `first` are jobs that were sent for it before."""
    jobs, refused = list(first), Counter[str]()
    case = world.post("/api/v1/cases", json={"pseudonym": fault.name[:60]}).json()["id"] if fault.films else ""
    pictures = [next_picture() for _ in range(count)]

    def send_all() -> None:
        time.sleep(fault.sent_after_s)
        jobs.extend(send(world, each, refused, case) for each in pictures)

    sender = threading.Thread(target=send_all)
    sender.start()
    fault.inflict(world)
    over = time.monotonic()
    sender.join()
    if case:
        jobs.append(joint_reading(world, case))
    outcome = judge(world, jobs)
    outcome.seconds, outcome.refused = time.monotonic() - over, refused.total()
    outcome.crashed = refused["internal_error"]
    return outcome


def joint_reading(world: World, case: str) -> str:
    """The work that reads the films of a case together; it begins when they are analysed."""
    found = "SELECT id FROM jobs WHERE kind = 'examination' AND key LIKE :key"
    if not world.until(lambda: world.rows(found, key=f"case:{case}:%"), ENDS_WITHIN_S):
        return "films that are never read together"
    return str(world.rows(found, key=f"case:{case}:%")[0][0])


def inflict_each(world: World, faults: Sequence[Fault], jobs: int) -> list[str]:
    """Inject faults one after another, and print a row for each; returns the names of the failed ones.

    Jobs that must be sent first are sent at the start, because the leases of all their tries have to expire; meanwhile
    the other faults are injected.
    """
    first = {fault.name: [fault.prepare(world)] for fault in faults if fault.prepare is not None}
    bad = list[str]()
    for fault in faults:
        if fault.needs and fault.needs not in world.has:
            print(f"| {fault.name} | skipped: {_MISSING[fault.needs]} |", flush=True)
            continue
        outcome = measure(world, fault, jobs, first.get(fault.name, ()))
        show(fault.name, outcome)
        others = outcome.states.total() - outcome.states["done"] - sum(outcome.states[end] for end in fault.ends)
        if outcome.lost or outcome.twice or others or outcome.crashed:
            bad.append(fault.name)
    return bad


def soak(world: World, count: int, seed: int) -> Outcome:
    """Send jobs while random faults are injected, ten a minute."""
    possible = [fault for fault in OF_SOAK if not fault.needs or fault.needs in world.has]
    chance, jobs, refused, sent = random.Random(seed), list[str](), Counter[str](), threading.Event()

    def send_all() -> None:
        try:
            for _ in range(count):
                jobs.append(send(world, next_picture(), refused))
        except TimeoutError as error:
            print(f"    {error}; refused: {dict(refused)}", flush=True)
        finally:
            sent.set()

    threading.Thread(target=send_all).start()
    number = 0
    while not sent.wait(6 * chance.uniform(0.5, 1.5)):
        chance.choice(possible).inflict(world)
        number += 1
    over = time.monotonic()
    outcome = judge(world, jobs)
    outcome.seconds, outcome.refused = time.monotonic() - over, refused.total()
    outcome.crashed = refused["internal_error"]
    print(f"    soak: {number} faults; refused: {dict(refused)}")
    return outcome


def show(name: str, outcome: Outcome) -> None:
    """Print a row of the table."""
    states = " | ".join(str(outcome.states[state]) for state in ("done", "failed", "dead"))
    refused, losses = outcome.refused, f"{outcome.lost} | {outcome.twice} | {outcome.seconds:.1f}"
    print(f"| {name} | {outcome.accepted} | {refused} | {states} | {losses} |", flush=True)


def main(
    short: Annotated[bool, typer.Option("--short", help="only the short faults")] = False,
    jobs: Annotated[int, typer.Option(help="for each fault")] = 4,
    soaked: Annotated[int, typer.Option("--soak", help="jobs under random faults; 0: none")] = 0,
    only: Annotated[str, typer.Option(help="faults with this in their name")] = "",
    seed: int = 16,
) -> None:
    """Inject the faults and print the table."""
    bad = list[str]()
    chosen = [fault for fault in FAULTS if only in fault.name and (fault.short or not short)]
    print("| fault | accepted | refused meanwhile | done | failed | dead | lost | twice | seconds |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    of_store = [fault for fault in chosen if fault.needs in ("s3", "clock")]
    of_sentinel = [fault for fault in chosen if fault.needs == "sentinel"]
    others = [fault for fault in chosen if fault not in of_store and fault not in of_sentinel]
    if of_store:
        s3 = FaultyS3()
        with running_world(s3=s3) as world:
            bad += inflict_each(world, of_store, jobs)
        s3.close()
    if of_sentinel:
        with running_world(watched=True) as world:
            bad += inflict_each(world, of_sentinel, jobs)
    if not others and not soaked:
        _end(bad)
    with running_world() as world:
        bad += inflict_each(world, others, jobs)
        if soaked:
            outcome = soak(world, soaked, seed)
            show(f"soak of {soaked}", outcome)
            if outcome.lost or outcome.twice or outcome.crashed or outcome.accepted < soaked:
                bad.append(f"soak: {outcome.accepted} of {soaked} jobs were accepted")
        again = [message for message, times in world.deliveries.items() if times > 1]
        print(
            f"{len(world.deliveries)} messages arrived at a webhook, {len(again)} more than once, as the same message"
        )
    _end(bad)


def _end(bad: Sequence[str]) -> NoReturn:
    for name in bad:
        print(f"failed: {name}", file=sys.stderr)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    typer.run(main)
