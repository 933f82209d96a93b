"""Labelled fields from wherever a command's `--data` points."""

from dataclasses import dataclass
from pathlib import Path

from histo_worker.data.breakhis import Field, find_fields
from histo_worker.data.labels import read_labels

BREAKHIS = "BreakHis (Spanhol et al., IEEE TBME 2016, 10.1109/TBME.2015.2496264)"
BREAKHIS_TERMS = "free for research; cite its publication"


@dataclass(frozen=True)
class DataSource:
    """Labelled fields, and what a model package says of them.

    Attributes:
        name: Of the data set.
        terms: Under which it may be used.
        fields: In the order of their names.
    """

    name: str
    terms: str
    fields: list[Field]


def read_source(data: Path, name: str | None = None, terms: str | None = None) -> DataSource:
    """Read a folder of BreakHis, the original tree or flat, or a labels CSV (`data.labels`).

    Args:
        data: The folder or the CSV.
        name: Of the data set; by itself BreakHis or the CSV's name.
        terms: Under which it may be used.

    Raises:
        FileNotFoundError: There is nothing.
        ValueError: Rows of the CSV are wrong.
    """
    if data.suffix.lower() != ".csv":
        return DataSource(name or BREAKHIS, terms or BREAKHIS_TERMS, find_fields(data))
    found = read_labels(data)
    if found.problems:
        first = "\n".join(found.problems[:5])
        raise ValueError(f"{len(found.problems)} rows are wrong; `histo-worker data check` names all:\n{first}")
    if not found.fields:
        raise ValueError(f"{data} has no rows")
    return DataSource(name or data.stem, terms or "not stated", found.fields)
