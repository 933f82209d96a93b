"""Fuzzes the image readers with files that libFuzzer develops by the coverage of our code, beginning with a corpus.

uv run --no-sync --with atheris==3.0.0 python bench/fuzz_coverage.py --format png --count 200000 --corpus FOLDER

Each file is read like those of `bench/fuzz_readers.py`, within the same limits. Half of the changes are those of
`bench/mutations.py`, which know the format. Files that reach new code are added to the corpus, with which the next run
begins. Coverage is that of Python code: the decoders in C are not instrumented. Exits with status 1 if a file failed,
which is written beside the corpus.
"""

import argparse
import os
import random
import sys
import time
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["lobule.imaging", "pydicom", "tifffile"]):
    import fuzz_readers

from mutations import changed
from small_images import FORMATS, seeds

_LONGEST = 64 * 1024
"""Bytes of a file."""


class Fuzzing:
    """Reads what libFuzzer makes, and counts.

    Args:
        file_format: Of the files.
        count: Number of files to read.
        failed: Folder for files that failed.
    """

    def __init__(self, file_format: str, count: int, failed: Path) -> None:
        self._format, self._count, self._failed = file_format, count, failed
        self._seeds, self._tally, self._read = seeds(file_format), fuzz_readers.Tally(), 0
        self._started = time.monotonic()

    def read(self, data: bytes) -> None:
        """Read a file; after the last one, print and end the process."""
        before = len(self._tally.failures)
        fuzz_readers.examine(self._format, data, self._read, self._tally)
        if len(self._tally.failures) > before:
            (self._failed / f"failed-{self._read}").write_bytes(data)
        self._read += 1
        if self._read >= self._count:
            seconds = time.monotonic() - self._started
            print(f"{self._format}: {self._read} inputs in {seconds:.0f} s", flush=True)
            os._exit(fuzz_readers.print_tally(self._tally))

    def change(self, data: bytes, most: int, seed: int) -> bytes:
        """Change a file: by its format, or without regard to it."""
        rng = random.Random(seed)
        if rng.random() < 0.5:
            return atheris.Mutate(data, most)
        return changed(self._format, data, rng, self._seeds)[:most]


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--format", choices=FORMATS, required=True)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--corpus", type=Path, required=True)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    corpus, failed = arguments.corpus / arguments.format, arguments.corpus / "failed"
    for folder in (corpus, failed):
        folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(arguments.format)):
        (corpus / f"seed-{number}").write_bytes(seed)
    fuzzing = Fuzzing(arguments.format, arguments.count, failed)
    options = [f"-max_len={_LONGEST}", "-rss_limit_mb=0", "-timeout=60", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], fuzzing.read, custom_mutator=fuzzing.change)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
