"""The labelled fields of a command's `--data`."""

from dataclasses import dataclass
from pathlib import Path

from histo_worker.data.breakhis import Field
from histo_worker.data.readers import find_reader


@dataclass(frozen=True)
class DataSource:
    """Labelled fields, and their description for a model package.

    Attributes:
        name: Name of the data set.
        terms: Terms of use.
        fields: Fields in the order of their names.
    """

    name: str
    terms: str
    fields: list[Field]


def read_source(data: Path, name: str | None = None, terms: str | None = None) -> DataSource:
    """Read a data set in a known layout; see `data.readers`.

    Args:
        data: Folder of the data set, or a labels CSV.
        name: Name of the data set; by default the reader's title, or the CSV's name.
        terms: Terms of use.

    Raises:
        FileNotFoundError: The path does not exist.
        ValueError: The data set has none of the known layouts, or contains errors.
    """
    if not data.exists():
        raise FileNotFoundError(f"{data} does not exist")
    reader = find_reader(data)
    found = reader.read(data)
    if found.problems:
        first = "\n".join(found.problems[:5])
        raise ValueError(f"{len(found.problems)} fields are wrong; `histo-worker data check` names all:\n{first}")
    if not found.items:
        raise ValueError(f"{data} contains no field")
    return DataSource(name or (data.stem if data.is_file() else reader.title), terms or reader.terms, found.items)
