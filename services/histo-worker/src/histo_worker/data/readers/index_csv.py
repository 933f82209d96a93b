"""Reads an `index.csv` that lies beside its images, for several layouts."""

import csv
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from histo_worker.data.breakhis import Field
from lobule_ml.data_sets import Reading

INDEX = "index.csv"


def has_index(folder: Path, columns: Collection[str]) -> bool:
    """Whether the folder has an index with these columns."""
    index = folder / INDEX
    if not index.is_file():
        return False
    with index.open(encoding="utf-8-sig", errors="replace", newline="") as stream, suppress(csv.Error):
        return set(columns) <= set(next(csv.reader(stream), ()))
    return False


def read_index(
    folder: Path, columns: Collection[str], field: Callable[[Path, dict[str, str], int], Field]
) -> Reading[Field]:
    """Read all usable rows.

    Args:
        folder: Folder of the index.
        columns: Columns that `field` needs.
        field: Makes a field from the folder, a row and its line; raises ValueError if the row cannot be used.

    Raises:
        ValueError: The index is not a CSV.
    """
    found = Reading[Field]()
    index = folder / INDEX
    try:
        with index.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream)
            for row in rows:
                text = {name: (row[name] or "").strip() for name in columns}
                try:
                    found.items.append(field(folder, text, rows.line_num))
                except ValueError as error:
                    found.problems.append(f"{index}, line {rows.line_num}: {error}")
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{index} is not a CSV in UTF-8: {error}") from None
    return found
