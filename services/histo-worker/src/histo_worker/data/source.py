"""The labelled fields of a command's `--data`."""

from collections.abc import Iterable, Sequence
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


def read_sources(data: Sequence[Path], name: str | None = None, terms: str | None = None) -> DataSource:
    """Read data sets as one; see `read_source`. A field that several contain is taken from the first.

    Raises:
        ValueError: Two fields have the same name and differ in label, patient or magnification.
    """
    sources, fields = [read_source(path) for path in data], dict[str, Field]()
    for field in (field for source in sources for field in source.fields):
        known = fields.setdefault(field.name, field)
        if (known.label, known.patient, known.magnification) != (field.label, field.patient, field.magnification):
            raise ValueError(f"two fields have the name {field.name}: {known.path} and {field.path}")

    def joined(words: Iterable[str]) -> str:
        return " and ".join(dict.fromkeys(words))

    return DataSource(
        name or joined(s.name for s in sources), terms or joined(s.terms for s in sources), [*fields.values()]
    )
