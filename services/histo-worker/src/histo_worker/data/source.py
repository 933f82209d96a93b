"""The labelled fields of a command's `--data`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from histo_worker.data.breakhis import Field
from histo_worker.data.readers import find_reader
from lobule.model_package import sha256_of


@dataclass(frozen=True)
class DataSource:
    """Labelled fields, and their description for a model package.

    Attributes:
        name: Name of the data set.
        terms: Terms of use.
        fields: Fields in the order in which their readers give them, of several data sets one after the other.
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

    Patients of the same name count as one, and are never in training and test at the same time.

    Raises:
        ValueError: Two fields have the same name and differ in label, patient or magnification, or in the picture
            without being fields of BreakHis; or the same picture is of two patients or classes.
    """
    sources, fields, pictures = [read_source(path) for path in data], dict[str, Field](), dict[str, Field]()
    hash_of = lru_cache(None)(sha256_of)  # a file can contain many fields
    for field in (field for source in sources for field in source.fields):
        picture = f"{hash_of(field.path)}{field.part}"
        known = fields.get(field.name)
        if known is not None:
            # BreakHis has copies of other sizes and qualities, whose names say which field they are.
            is_same = bool(field.tumor_type) or picture == f"{hash_of(known.path)}{known.part}"
            if not is_same or _truth(known) != _truth(field):
                raise ValueError(f"two fields have the name {field.name}: {known.path} and {field.path}")
            continue
        same = pictures.setdefault(picture, field)
        if _truth(same)[:2] != _truth(field)[:2]:
            raise ValueError(f"{same.path} and {field.path} are the same picture, of two patients or classes")
        fields[field.name] = field

    def joined(words: Iterable[str]) -> str:
        return " and ".join(dict.fromkeys(words))

    return DataSource(
        name or joined(s.name for s in sources), terms or joined(s.terms for s in sources), [*fields.values()]
    )


def _truth(field: Field) -> tuple[str, str, str | None]:
    return field.label, field.patient, field.magnification
