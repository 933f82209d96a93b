"""Measures the time from upload to report, warm. `make bench`, or `python bench/end_to_end.py --images 30`.

Starts the whole system with `lobule up`, sends real fields (700 x 460, JPEG) one after another over the REST API,
and prints the median and the 95th percentile of every part. "Neither network nor input gate" is the time from the first
byte of the upload until the client sees the report, less the times that the pipeline reports for its network and for
the input gate, which is a trained classifier too.
`bench/compare.py` measures two checkouts side by side with it: with `--lines`, it reads paths of fields from standard
input and prints the milliseconds of each as a line of JSON. It then runs in the environment of a checkout that may be
older, so it uses only what stays the same: the command `lobule up`, `lobule.client`, and the database's table `steps`.
"""

import json
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from lobule.client import Client

WARM_UP = 3
_READY = re.compile(r"Lobule is ready: (\S+)")
_ENGLISH = {"LC_ALL": "C.UTF-8", "COLUMNS": "200"}  # long lines, so that the address is not wrapped


@dataclass(frozen=True)
class Timing:
    """Durations of one image's steps, in milliseconds."""

    parts: dict[str, float]


@contextmanager
def started_system(home: Path) -> Iterator[str]:
    """Start the system of this Python environment, and yield its address; end it on exit.

    Raises:
        RuntimeError: It did not start; the message contains its output.
    """
    command = [Path(sys.executable).parent / "lobule", "up", "--home", home, "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ | _ENGLISH
    ) as child:
        assert child.stdout is not None
        try:
            printed: list[str] = []
            for line in child.stdout:
                printed.append(line)
                if found := _READY.search(line):
                    break
            else:
                raise RuntimeError("".join(printed))
            threading.Thread(target=child.stdout.read, daemon=True).start()  # a full pipe would stop the system
            yield found[1]
        finally:
            child.terminate()
            child.wait()


def measure(database: Path, client: Client, field: Path) -> Timing:
    """Send one image and measure its steps."""
    started = time.perf_counter()
    job = client.upload(field, "histopathology", magnification="100X")
    accepted = time.perf_counter()
    *_, last = client.follow(job, lambda _: time.sleep(0.01))
    finished = time.perf_counter()
    assert last.state == "done", last
    model = client.result(job).timings_s
    steps = step_times(database, job)
    network, gate = model["model"] * 1000, model["gate"] * 1000
    total = (finished - started) * 1000
    return Timing(
        {
            "upload, until it is accepted": (accepted - started) * 1000,
            "call of the worker": steps["call"],
            "inference step": steps["inference"],
            "  of it the network": network,
            "  of it the input gate": gate,
            "  of it the rest of the pipeline": sum(model.values()) * 1000 - network - gate,
            "call of the report service": steps["report_call"],
            "report step": steps["report"],
            "total, first byte to report seen": total,
            "total, accepted to report seen": (finished - accepted) * 1000,
            "not the network": total - network,
            "neither network nor input gate": total - network - gate,
        }
    )


def step_times(database: Path, job: str) -> dict[str, float]:
    """Milliseconds between the times that the database recorded for a job's steps."""
    with sqlite3.connect(database) as connection:
        query = "SELECT name, queued_at, started_at, finished_at FROM steps WHERE job_id = ?"
        rows = {row[0]: [datetime.fromisoformat(at) for at in row[1:]] for row in connection.execute(query, (job,))}
    (asked, begun, done), (asked_2, begun_2, done_2) = rows["inference"], rows["report"]
    return {
        "call": (begun - asked).total_seconds() * 1000,
        "inference": (done - begun).total_seconds() * 1000,
        "report_call": (begun_2 - asked_2).total_seconds() * 1000,
        "report": (done_2 - begun_2).total_seconds() * 1000,
    }


def chosen_fields(data: Path, images: int) -> list[Path]:
    """Fields from all parts of the data set: `WARM_UP` and those to measure."""
    wanted = images + WARM_UP
    fields = sorted(data.glob("SOB_*-100-*.jpg"))[:: max(1, 400 // wanted)][:wanted]
    if len(fields) < wanted:
        raise typer.BadParameter(f"{data} holds too few images")
    return fields


def main(
    data: Annotated[Path, typer.Option(help="folder of the BreakHis images")] = Path("../shared/data/breakhis/images"),
    images: Annotated[int, typer.Option(help="how many to send")] = 20,
    lines: Annotated[bool, typer.Option(help="send the fields that standard input names, and print JSON")] = False,
) -> None:
    """Measure, and print a table."""
    fields = (Path(line.strip()) for line in sys.stdin) if lines else chosen_fields(data, images)
    with tempfile.TemporaryDirectory() as folder, started_system(Path(folder)) as url:
        secrets = json.loads((Path(folder) / "secrets.json").read_text("utf-8"))
        database = Path(folder) / "lobule.sqlite"
        with Client(url, "demo", secrets["demo_password"]) as client:
            if lines:
                for field in fields:
                    print(json.dumps(measure(database, client, field).parts), flush=True)
                return
            timings = [measure(database, client, field) for field in fields][WARM_UP:]
    print(f"\n{len(timings)} fields of 700 x 460, one after the other, warm; milliseconds\n")
    print(f"{'':<36}{'median':>9}{'95 %':>9}{'max':>9}")
    for part in timings[0].parts:
        values = sorted(timing.parts[part] for timing in timings)
        high = values[int(0.95 * (len(values) - 1))]
        print(f"{part:<36}{statistics.median(values):>9.0f}{high:>9.0f}{values[-1]:>9.0f}")


if __name__ == "__main__":
    typer.run(main)
