"""Batches of fields without any service: a row for each file, whatever is wrong with it."""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO, get_args

from histo_worker.data.breakhis import SUFFIXES
from lobule.contracts.errors import AnalysisError
from lobule.contracts.result import Assessment, ImageInfo, Magnification
from lobule.imaging.header import read_header
from lobule.worker.pipeline import Pipeline, no_progress

COLUMNS = (
    "file",
    "width",
    "height",
    "magnification",
    "probability_malignant",
    "label",
    "assessment",
    "patches",
    "notices",
    "error",
    "detail",
)
Row = dict[str, Any]
"""A value for each of `COLUMNS`; None where there is none."""


def expand(arguments: Iterable[Path], listed: TextIO) -> list[Path]:
    """Files that arguments name: a folder stands for the images in it, however deep, `-` for the lines of `listed`.

    Raises:
        ValueError: A folder holds no image.
    """
    files: list[Path] = []
    for argument in arguments:
        if str(argument) == "-":
            lines = (line.rstrip("\r\n") for line in listed)
            files += expand((Path(line) for line in lines if line and line != "-"), listed)
        elif argument.is_dir():
            inside = sorted(p for p in argument.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
            if not inside:
                raise ValueError(f"{argument} holds no image ({', '.join(sorted(SUFFIXES))})")
            files += inside
        else:
            files.append(argument)
    return files


def predict(pipeline: Pipeline, files: Iterable[Path], magnification: Magnification | None) -> Iterator[Row]:
    """Analyse files one after the other.

    Args:
        pipeline: The service's own.
        files: Images.
        magnification: Of all of them; None leaves it to their names and to the pipeline.
    """
    for path in files:
        row: Row = dict.fromkeys(COLUMNS) | {"file": str(path)}
        try:
            data = path.read_bytes()
            result = pipeline.analyse(data, _image_info(path, data, magnification), no_progress).result
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one file, the others are read
            code, detail = reason(error)
            yield row | {"error": code, "detail": detail}
            continue
        yield row | {
            "width": result.image.width,
            "height": result.image.height,
            "magnification": result.patches.magnification_assumed if result.patches else None,
            "probability_malignant": result.probability_malignant,
            "label": "malignant" if result.probability_malignant >= 0.5 else "benign",
            "assessment": result.assessment,
            "patches": result.patches.count if result.patches else 0,
            "notices": [notice.code for notice in result.notices],
        }


def row_writer(stream: TextIO, *, as_json: bool) -> Callable[[Row], None]:
    """Writes rows as CSV with a header, notices joined by spaces, or as JSON, one object a line."""
    if as_json:
        return lambda row: print(json.dumps(row, ensure_ascii=False), file=stream, flush=True)
    table = csv.DictWriter(stream, list[str](COLUMNS), lineterminator="\n")
    table.writeheader()

    def write(row: Row) -> None:
        table.writerow(row | {"notices": " ".join(row["notices"] or ())})
        stream.flush()

    return write


class Tally:
    """How many rows were read, what they were assessed as, and how many failed."""

    def __init__(self) -> None:
        self._counts = Counter[str | None]()

    def add(self, row: Row) -> None:
        """Count a row."""
        self._counts[row["assessment"]] += 1

    @property
    def failed(self) -> int:
        """Files that could not be read."""
        return self._counts[None]

    def __str__(self) -> str:
        """The summary line."""
        words = ", ".join(f"{self._counts[name]} {name}" for name in get_args(Assessment))
        total = self._counts.total()
        return f"{total - self.failed} of {total} fields read: {words}; {self.failed} failed"


def reason(error: Exception) -> tuple[str, str]:
    """Code and words of what was wrong with a file."""
    if isinstance(error, AnalysisError):
        return error.code, error.detail
    if isinstance(error, OSError):
        return "unreadable_file", str(error)
    return "internal_error", f"{type(error).__name__}: {error}"


def _image_info(path: Path, data: bytes, magnification: Magnification | None) -> ImageInfo:
    header = read_header(path, "histopathology")
    return ImageInfo(
        sha256=hashlib.sha256(data).hexdigest(),
        file_name=path.name,
        modality="histopathology",
        width=header.width,
        height=header.height,
        magnification=magnification,
    )
