"""Fuzzes the image readers with mutated files: each must be read or refused with a message, within the limits.

uv run --no-sync python bench/fuzz_readers.py --format png --count 50000 [--first 0] [--processes 1]
uv run --no-sync python bench/fuzz_readers.py --format png --write 123 FILE    # the input of that number, to look at

Each input has a number and is the same in each run. Its header is read as the gateway does, then its pixels as a film
and as a field. Processor time and the growth of resident memory are limited for each. An input that kills its process
is identified and reported. Exits with status 1 if an input failed.
"""

import argparse
import collections
import io
import json
import multiprocessing
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from memory import peak, reset_peak
from mutations import mutated
from small_images import FORMATS, seeds

from lobule.contracts.errors import INPUT_ERROR_CODES
from lobule.errors import AnalysisError
from lobule.imaging.header import read_header
from lobule.imaging.read_field import read_field
from lobule.imaging.read_film import read_film

HEADER_MB, HEADER_S = 150, 1.0
DECODE_MB, DECODE_S = 900, 20.0


@dataclass
class Tally:
    """Counts of the outcomes of many inputs."""

    outcomes: collections.Counter[str] = field(default_factory=collections.Counter)
    failures: list[dict[str, object]] = field(default_factory=list)
    slowest: dict[str, tuple[float, int]] = field(default_factory=dict)
    largest: dict[str, tuple[float, int]] = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        """Add the counts of another tally."""
        self.outcomes += other.outcomes
        self.failures += other.failures
        for own, theirs in ((self.slowest, other.slowest), (self.largest, other.largest)):
            for name, value in theirs.items():
                own[name] = max(own.get(name, (0.0, -1)), value)


def readers(file_format: str) -> dict[str, Callable[[bytes], object]]:
    """The functions that read an input, by name."""
    functions: dict[str, Callable[[bytes], object]] = {
        "header": lambda data: read_header(io.BytesIO(data), "mammography"),
        "film": read_film,
    }
    return functions if file_format == "dicom" else functions | {"field": read_field}


def examine(file_format: str, data: bytes, number: int, tally: Tally) -> None:
    """Read one input with every reader and record the outcome."""
    for name, read in readers(file_format).items():
        before = reset_peak()
        started = time.process_time()
        try:
            read(data)
            outcome = "read"
        except AnalysisError as error:
            outcome = error.code
            if error.code not in INPUT_ERROR_CODES or error.retryable or not error.detail:
                tally.failures.append({"number": number, "reader": name, "what": f"refused as {error.code}"})
        except Exception:  # noqa: BLE001 - any other exception is a failure that the fuzzer looks for
            outcome = "fell"
            tally.failures.append({"number": number, "reader": name, "what": traceback.format_exc()[-1500:]})
        seconds, grown = time.process_time() - started, peak() - before
        tally.outcomes[f"{name}: {outcome}"] += 1
        tally.slowest[name] = max(tally.slowest.get(name, (0.0, -1)), (round(seconds, 3), number))
        tally.largest[name] = max(tally.largest.get(name, (0.0, -1)), (round(grown, 1), number))
        most_mb, most_s = (HEADER_MB, HEADER_S) if name == "header" else (DECODE_MB, DECODE_S)
        if grown > most_mb or seconds > most_s:
            what = f"{grown:.0f} MB and {seconds:.2f} s"
            tally.failures.append({"number": number, "reader": name, "what": what})


def fuzz(file_format: str, numbers: range) -> Tally:
    """Examine many inputs in this process."""
    originals, tally = seeds(file_format), Tally()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in numbers:
            examine(file_format, mutated(file_format, originals, number), number, tally)
    return tally


_PORTION = 1000


def _portions(first: int, count: int) -> Iterator[range]:
    for start in range(first, first + count, _PORTION):
        yield range(start, min(start + _PORTION, first + count))


def _work(file_format: str, numbers: range, answer: "multiprocessing.Queue[Tally]") -> None:
    answer.put(fuzz(file_format, numbers))


def run(file_format: str, first: int, count: int, processes: int) -> Tally:
    """Examine inputs in child processes; a process that dies counts as a failure of its input."""
    context = multiprocessing.get_context("fork")
    seeds(file_format)  # made once, before the processes are forked
    total, waiting = Tally(), list(_portions(first, count))[::-1]
    running: list[tuple[multiprocessing.process.BaseProcess, multiprocessing.Queue[Tally], range]] = []
    while waiting or running:
        while waiting and len(running) < processes:
            numbers, answer = waiting.pop(), context.Queue()
            process = context.Process(target=_work, args=(file_format, numbers, answer))
            process.start()
            running.append((process, answer, numbers))
        process, answer, numbers = running.pop(0)
        while process.is_alive() and answer.empty():
            process.join(0.05)
        if process.exitcode in (None, 0):
            total.add(answer.get())
            process.join()
        elif len(numbers) == 1:
            what = f"the process ended with {process.exitcode}"
            total.failures.append({"number": numbers[0], "reader": "any", "what": what})
        else:  # halves are tried again until the one input is found
            middle = numbers[len(numbers) // 2]
            waiting += [range(middle, numbers.stop), range(numbers.start, middle)]
    return total


def print_tally(tally: Tally) -> int:
    """Print what was counted; returns the status to exit with."""
    for outcome, times in sorted(tally.outcomes.items()):
        print(f"  {outcome:32} {times}")
    print(f"  slowest, seconds (input):  {json.dumps(tally.slowest)}")
    print(f"  most memory, MB (input):   {json.dumps(tally.largest)}")
    for failure in tally.failures[:20]:
        print(f"  FAILED {failure['number']} {failure['reader']}: {failure['what']}")
    print(f"  failures: {len(tally.failures)}", flush=True)
    return 1 if tally.failures else 0


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--format", choices=FORMATS, required=True)
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--write", nargs=2, metavar=("NUMBER", "FILE"))
    arguments = parser.parse_args()
    if arguments.write:
        number, file = int(arguments.write[0]), Path(arguments.write[1])
        file.write_bytes(mutated(arguments.format, seeds(arguments.format), number))
        return
    started = time.monotonic()
    tally = run(arguments.format, arguments.first, arguments.count, arguments.processes)
    print(f"{arguments.format}: {arguments.count} inputs in {time.monotonic() - started:.0f} s")
    sys.exit(print_tally(tally))


if __name__ == "__main__":
    main()
