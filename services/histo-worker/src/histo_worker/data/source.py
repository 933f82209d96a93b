"""Labelled fields from wherever a command's `--data` points."""

from dataclasses import dataclass
from pathlib import Path

from histo_worker.data.breakhis import Field
from histo_worker.data.readers import find_reader


@dataclass(frozen=True)
class DataSource:
    """Labelled fields, and their description for a model package.

    Attributes:
        name: Of the data set.
        terms: Under which it may be used.
        fields: In the order of their names.
    """

    name: str
    terms: str
    fields: list[Field]


def read_source(data: Path, name: str | None = None, terms: str | None = None) -> DataSource:
    """Read a data set of a known layout: see `data.readers`.

    Args:
        data: Its folder, or a labels CSV.
        name: Of the data set; by itself what the reader calls it, or the CSV's name.
        terms: Under which it may be used.

    Raises:
        FileNotFoundError: There is nothing.
        ValueError: It has none of the known layouts, or something in it is wrong.
    """
    if not data.exists():
        raise FileNotFoundError(f"{data} is not there")
    reader = find_reader(data)
    found = reader.read(data)
    if found.problems:
        first = "\n".join(found.problems[:5])
        raise ValueError(f"{len(found.problems)} fields are wrong; `histo-worker data check` names all:\n{first}")
    if not found.items:
        raise ValueError(f"{data} holds no field")
    return DataSource(name or (data.stem if data.is_file() else reader.title), terms or reader.terms, found.items)
