"""The `predict` command of both workers: analyses many files and reports an outcome for each, also for failures."""

import csv
import hashlib
import io
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO, TypeVar, get_args

from lobule.contracts.result import Assessment, ImageInfo, Result
from lobule.errors import AnalysisError
from lobule.terminal import said_of
from lobule.worker.pipeline import Pipeline, no_progress

Row = dict[str, Any]
T = TypeVar("T")

Describe = Callable[[Path, str], ImageInfo]
"""Makes the pipeline's description of an image from a file and the SHA-256 of its content."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a file.

    Attributes:
        path: The file.
        result: The pipeline's result; None if it failed.
        error: Code of the error.
        detail: Message of the error.
        files: Content of the files that the result names.
    """

    path: Path
    result: Result | None = None
    error: str | None = None
    detail: str | None = None
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])


def readable(path: Path | str) -> str:
    """A path as text. Bytes of a name that are not UTF-8 are escaped, because no table or document can hold them."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def in_a_line(path: Path | str) -> str:
    """A path for a line of a terminal: `readable`, with line breaks and other control characters escaped, too."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in readable(path))


def expand(arguments: Iterable[Path], listed: TextIO, suffixes: Collection[str]) -> list[Path]:
    """Expand arguments into files: a folder into the images in it and its subfolders, `-` into the lines of `listed`.

    Images in folders are known by their suffix, and DICOM files by their content, because media and archives write them
    without one. Hidden files are no images, and neither is a DICOMDIR. A folder without images stays in the list, and
    `analyse` reports it as a failure, so that it does not stop the others.

    Args:
        arguments: Files, folders and `-`.
        listed: Standard input.
        suffixes: Suffixes of image files, in lower case.
    """
    files: list[Path] = []
    for argument in arguments:
        if str(argument) == "-":
            if isinstance(listed, io.TextIOWrapper):
                listed.reconfigure(errors="surrogateescape")  # as in names of files
            lines = (line.rstrip("\r\n") for line in listed)
            files += expand((Path(line) for line in lines if line and line != "-"), listed, suffixes)
        elif argument.is_dir():
            files += sorted(p for p in argument.rglob("*") if _is_image(p, argument, suffixes)) or [argument]
        else:
            files.append(argument)
    return files


def _is_image(path: Path, folder: Path, suffixes: Collection[str]) -> bool:
    is_broken_link = path.is_symlink() and not path.exists()  # has a row with an error
    if any(part.startswith(".") for part in path.relative_to(folder).parts) or not (path.is_file() or is_broken_link):
        return False
    if path.suffix.lower() in suffixes:
        return True
    if ".dcm" not in suffixes or path.name.upper() == "DICOMDIR":
        return False
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def analyse(pipeline: Pipeline, files: Iterable[Path], describe: Describe) -> Iterator[Outcome]:
    """Analyse files one after another.

    Args:
        pipeline: The worker's pipeline.
        files: Image files.
        describe: Makes the pipeline's description of each file.
    """
    for path in files:
        try:
            with open_expanded(path) as file:
                info = describe(path, hashlib.file_digest(file, "sha256").hexdigest())
                analysis = pipeline.analyse(file, info, no_progress)
            outcome = Outcome(path, analysis.result, files=analysis.files)
        except Exception as error:  # noqa: BLE001 - a file that fails must not stop the others
            outcome = Outcome(path, None, *reason(error))
        yield outcome


def open_expanded(path: Path) -> io.BufferedReader:
    """Open a file that `expand` returned.

    Raises:
        OSError: The file cannot be opened, or it is a folder without images.
    """
    if path.is_dir():
        raise IsADirectoryError("the folder contains no image")
    return path.open("rb")


def reason(error: Exception) -> tuple[str, str]:
    """Code and message of a file's error."""
    if isinstance(error, AnalysisError):
        return error.code, error.detail
    if isinstance(error, OSError):
        return "unreadable_file", error.strerror or str(error)
    return "internal_error", f"{type(error).__name__}: {error}"


def open_output(target: Path) -> AbstractContextManager[TextIO]:
    """Open a file to write text to, and create its folder if necessary; `-` stands for standard output."""
    if str(target) == "-":
        return nullcontext(sys.stdout)
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.open("w", newline="", encoding="utf-8")


@contextmanager
def written_or_exit() -> Iterator[None]:
    """Exit with status 2 and the reason if the results cannot be written, because the disk is full, for example.

    Files that cannot be read do not end a run: `analyse` catches their errors.
    """
    try:
        yield
    except BrokenPipeError:  # who reads standard output has enough
        raise
    except OSError as error:
        print(f"The results cannot be written: {said_of(error)}", file=sys.stderr)
        raise SystemExit(2) from None


def row_writer(stream: TextIO, columns: Sequence[str], *, as_json: bool) -> Callable[[Row], None]:
    """Return a function that writes a row as CSV with a header, lists joined by spaces, or as a line of JSON."""
    if as_json:
        return lambda row: print(json.dumps(row, ensure_ascii=False), file=stream, flush=True)
    table = csv.DictWriter(stream, list(columns), lineterminator="\n")
    table.writeheader()

    def write(row: Row) -> None:
        table.writerow({k: " ".join(map(str, v)) if isinstance(v, list) else v for k, v in row.items()})
        stream.flush()

    return write


def tracked(items: Iterable[T], noun: str, total: int) -> Iterable[T]:
    """Yield the items, with a progress bar on standard error if that is a terminal."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(items, noun, total, console=console, disable=not console.is_terminal)


class Tally:
    """Counts files by assessment and lists those that failed.

    Args:
        noun: The word for files in the summary, in the plural.
    """

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._counts = Counter[str | None]()
        self.refused: list[str] = []
        """A line for each file that failed."""

    def add(self, outcome: Outcome) -> None:
        """Count an outcome."""
        self._counts[outcome.result.assessment if outcome.result else None] += 1
        if outcome.result is None:
            self.refused.append(f"{in_a_line(outcome.path)}: {outcome.error}: {outcome.detail}")

    def __str__(self) -> str:
        """The summary line."""
        words = ", ".join(f"{self._counts[name]} {name}" for name in get_args(Assessment))
        total, failed = self._counts.total(), self._counts[None]
        return f"{total - failed} of {total} {self._noun} read: {words}; {failed} failed"
