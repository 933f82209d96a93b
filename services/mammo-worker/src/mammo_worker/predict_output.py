"""Writes the files of `mammo-worker predict`: CSVs of findings and films, a JSON document and a mask for each film."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

import cv2
import numpy as np
from numpy.typing import NDArray

from lobule.contracts.result import Result
from lobule.imaging.decode import encode_png
from lobule_ml.batch import Outcome, row_writer
from mammo_worker.predict import FILM_COLUMNS, FINDING_COLUMNS, film_row, finding_rows, result_document

Write = Callable[[Outcome], None]


def names_of(paths: Sequence[Path]) -> dict[Path, str]:
    """The name of each file's document without suffix: the file's own, numbered if several files share it."""
    names: dict[Path, str] = {}
    taken: set[str] = set()
    for path in dict.fromkeys(paths):
        name, number = path.stem, 1
        while name.lower() in taken:  # file systems that ignore case would overwrite a file
            number += 1
            name = f"{path.stem}-{number}"
        taken.add(name.lower())
        names[path] = name
    return names


def finding_writer(stream: TextIO) -> Write:
    """Return a function that writes a CSV row for each finding."""
    write = row_writer(stream, FINDING_COLUMNS, as_json=False)

    def write_findings(outcome: Outcome) -> None:
        for row in finding_rows(outcome):
            write(row)

    return write_findings


def film_writer(stream: TextIO) -> Write:
    """Return a function that writes a CSV row for each film, including failed ones."""
    write = row_writer(stream, FILM_COLUMNS, as_json=False)
    return lambda outcome: write(film_row(outcome))


def line_writer(stream: TextIO) -> Write:
    """Return a function that writes one JSON document per line."""
    write = row_writer(stream, (), as_json=True)
    return lambda outcome: write(result_document(outcome))


def document_writer(folder: Path, names: dict[Path, str]) -> Write:
    """Return a function that writes a JSON file for each film, including failed ones."""
    folder.mkdir(parents=True, exist_ok=True)

    def write(outcome: Outcome) -> None:
        text = json.dumps(result_document(outcome), indent=1, ensure_ascii=False)
        (folder / f"{names[outcome.path]}.json").write_text(text + "\n", "utf-8")

    return write


def mask_writer(folder: Path, names: dict[Path, str]) -> Write:
    """Return a function that writes a PNG for each film that was read."""
    folder.mkdir(parents=True, exist_ok=True)

    def write(outcome: Outcome) -> None:
        if outcome.result is not None:
            (folder / f"{names[outcome.path]}.png").write_bytes(encode_png(finding_mask(outcome.result)))

    return write


def finding_mask(result: Result) -> NDArray[np.uint8]:
    """A mask (height, width) of the upright film with the number of the finding at each pixel, or 0.

    Findings are numbered from 1 as in the CSV; of several on a pixel, the most probable one counts.
    """
    mask = np.zeros((result.image.height, result.image.width), np.uint8)
    for number, finding in reversed(list(enumerate(result.findings, start=1))):
        if finding.outline:
            points = np.rint(np.array(finding.outline)).astype(np.int32).reshape(-1, 1, 2)
            cv2.fillPoly(mask, [points], (number,))
    return mask
