"""Measures two checkouts side by side: `make bench-compare BASE=FOLDER`, or `python bench/compare.py FOLDER`.

Starts the system of this checkout and that of another, each with its own Python environment
(`git worktree add FOLDER COMMIT && make -C FOLDER install`), and sends every field to both, alternating which goes
first, so that other load on the machine affects both alike. Prints the medians and their ratio with a 95 % bootstrap
interval over fields.
"""

import json
import random
import statistics
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from end_to_end import WARM_UP, chosen_fields

HERE = Path(__file__).parents[1]
ROUNDS = 2000

Times = dict[str, float]


class Checkout:
    """The running system of a checkout.

    Args:
        folder: The checkout.
        stack: Stack that ends the system.
    """

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        python = folder.resolve() / ".venv/bin/python"
        self._child = stack.enter_context(
            subprocess.Popen(
                [python, HERE / "bench/end_to_end.py", "--lines"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )

    def measure(self, field: Path) -> Times:
        """Send one field and return its times in milliseconds.

        Raises:
            RuntimeError: The system did not start, or the field failed; standard error says why.
        """
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        print(field, file=self._child.stdin, flush=True)
        line = self._child.stdout.readline()
        if not line:
            raise RuntimeError("a system has ended; see above")
        return json.loads(line)


def ratio_of_medians(new: Sequence[float], base: Sequence[float]) -> tuple[float, float, float]:
    """The ratio of the medians, and its 95 % bootstrap interval over fields."""
    rng, ratios = random.Random(0), []
    for _ in range(ROUNDS):
        at = rng.choices(range(len(new)), k=len(new))
        below = statistics.median(base[i] for i in at)
        ratios.append(statistics.median(new[i] for i in at) / below if below else float("nan"))
    ratios.sort()
    middle = statistics.median(new) / statistics.median(base)
    return middle, ratios[int(0.025 * ROUNDS)], ratios[int(0.975 * ROUNDS)]


def main(
    base: Annotated[Path, typer.Argument(help="folder of the other checkout")],
    data: Annotated[Path, typer.Option(help="folder of the BreakHis images")] = Path("../shared/data/breakhis/images"),
    images: Annotated[int, typer.Option(help="how many to send to each")] = 20,
) -> None:
    """Measure both, and print a table."""
    fields = [field.resolve() for field in chosen_fields(data, images)]
    times: dict[Path, list[Times]] = {HERE: [], base: []}
    with ExitStack() as stack:
        systems = {folder: Checkout(folder, stack) for folder in times}
        for number, field in enumerate(fields):
            for folder in (HERE, base) if number % 2 else (base, HERE):
                times[folder].append(systems[folder].measure(field))
    new, old = times[HERE][WARM_UP:], times[base][WARM_UP:]
    print(f"\n{len(new)} fields of 700 x 460 to each, in turn, warm; medians in milliseconds\n")
    print(f"{'':<36}{'base':>9}{'this':>9}{'ratio':>9}   95 %")
    for part in new[0]:
        ours, theirs = [t[part] for t in new], [t[part] for t in old]
        ratio, low, high = ratio_of_medians(ours, theirs)
        print(
            f"{part:<36}{statistics.median(theirs):>9.0f}{statistics.median(ours):>9.0f}{ratio:>9.2f}   "
            f"{low:.2f} to {high:.2f}"
        )


if __name__ == "__main__":
    typer.run(main)
