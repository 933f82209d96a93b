"""Compares the seconds for a film and for a case of four films with another checkout, in alternating rounds.

    git worktree add BASE 264c5524^        # the last commit with version 2.0.0 of the model
    python bench/mammo_cases.py BASE [--film FILE] [--rounds 7]

This checkout reads a case as an examination; a version without examinations reads its four films one by one.
"""

import os
import statistics
import sys
from pathlib import Path
from typing import Annotated

import typer
from mammo_speed import SAMPLES, Contender

HERE = Path(__file__).parent
SOURCES = ("services/mammo-worker/src", "shared/src", "shared/ml/src")


def contender(name: str, checkout: Path, files: list[Path]) -> Contender:
    """Start a process with the sources of a checkout."""
    path = os.pathsep.join(str(checkout.resolve() / source) for source in SOURCES)
    command = ["env", f"PYTHONPATH={path}", sys.executable, str(HERE / "mammo_case_worker.py")]
    return Contender(name, [*command, *map(str, files)])


def main(
    base: Annotated[Path, typer.Argument(help="another checkout")],
    film: Annotated[Path | None, typer.Option(help="by default the large one of the shared data")] = None,
    data: Annotated[Path, typer.Option(help="folder of the data sets")] = Path("../shared/data"),
    rounds: Annotated[int, typer.Option(help="of each")] = 7,
) -> None:
    """Measure, and print a table."""
    chosen = film or data / SAMPLES[0]
    print(
        f"{os.cpu_count()} cores, load before the run {os.getloadavg()[0]:.1f}; {chosen.name}; "
        f"medians of {rounds} rounds"
    )
    contenders: list[Contender] = []
    try:
        for unit, files in (("film", [chosen]), ("case of four films", [chosen] * 4)):
            for name, checkout in (("this checkout", HERE.parent), ("base", base)):
                one = contender(f"{unit}, {name}", checkout, files)
                contenders.append(one)
                one.name += f", model {one.answer()}"  # one after the other: warming up takes much memory
        for _ in range(rounds):
            for one in contenders:
                one.look()
    finally:
        for one in contenders:
            one.end()
    print(f"{'':<48}{'clock':>8}{'processor':>12}")
    for one in contenders:
        print(f"{one.name:<48}{statistics.median(one.clock):>8.2f}{statistics.median(one.processor):>12.2f}")


if __name__ == "__main__":
    typer.run(main)
