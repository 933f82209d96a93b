"""Reads tables of examinations: `file,examination,laterality,view`, and optionally `date`."""

import csv
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal

from lobule.contracts.result import Laterality

COLUMNS = ("file", "examination", "laterality", "view")
DATE = "date"
"""Column that may be left out."""
_SIDES: dict[str, Laterality] = {"l": "L", "left": "L", "r": "R", "right": "R"}
_VIEWS: dict[str, Literal["CC", "MLO"]] = {"cc": "CC", "mlo": "MLO"}


@dataclass(frozen=True)
class FilmRow:
    """A row of the table.

    Attributes:
        file: File of the film.
        examination: Name of its examination.
        laterality: Side of the breast; None to use the file's tags.
        view: CC or MLO; None to use the file's tags.
        wrong: Error in the row; None if it is valid.
        day: Day of the examination; None if it is not stated.
    """

    file: Path
    examination: str
    laterality: Laterality | None
    view: Literal["CC", "MLO"] | None
    wrong: str | None = None
    day: date | None = None


def read_views(path: Path) -> list[FilmRow]:
    """Read the rows of a table; relative paths of files can also refer to the table's folder.

    Raises:
        ValueError: The table cannot be read as UTF-8 text, or a column is missing.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise ValueError(f"{path} lacks the columns {', '.join(missing)}; it needs {','.join(COLUMNS)}")
            named = (*COLUMNS, DATE)
            rows = [_row({k: (row.get(k) or "").strip() for k in named}, path.parent) for row in reader]
    except (OSError, UnicodeError, csv.Error) as error:
        raise ValueError(f"{path} cannot be read: {error}") from None
    seen: set[tuple[str, Path]] = set()
    return [_unless_repeated(row, seen) for row in rows]


def _unless_repeated(row: FilmRow, seen: set[tuple[str, Path]]) -> FilmRow:
    """The row; with an error if its examination has the film already, which would count twice."""
    film = row.examination, row.file.resolve()
    if film in seen:
        return replace(row, wrong=row.wrong or "file_repeated: the examination names this film more than once")
    seen.add(film)
    return row


def _row(values: dict[str, str], folder: Path) -> FilmRow:
    file = Path(values["file"])
    beside = folder / file
    laterality, view = _SIDES.get(values["laterality"].lower()), _VIEWS.get(values["view"].lower())
    wrong = None
    if values["laterality"] and laterality is None:
        wrong = f"laterality_unknown: the laterality is {values['laterality']!r}; write L or R"
    elif values["view"] and view is None:
        wrong = f"view_unknown: the view is {values['view']!r}; write CC or MLO"
    elif not values["examination"]:
        wrong = "examination_unknown: the row names no examination"
    day = None
    try:
        day = date.fromisoformat(values[DATE]) if values[DATE] else None
    except ValueError:
        wrong = wrong or f"date_unknown: the date is {values[DATE]!r}; write YYYY-MM-DD"
    found = beside if not file.exists() and beside.exists() else file
    return FilmRow(found, values["examination"], laterality, view, wrong, day)
