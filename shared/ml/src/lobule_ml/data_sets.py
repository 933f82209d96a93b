"""Finds readers of data sets: modules with a `READER` in a worker's package of readers."""

import importlib
import pkgutil
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass
class Reading(Generic[T]):
    """The content of a data set.

    Attributes:
        items: The usable items.
        problems: Why the other items cannot be used, each with its file or line.
        notes: Remarks for the user that are not errors.
    """

    items: list[T] = field(default_factory=list[T])
    problems: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])

    def note_unknown(self, columns: Iterable[str], known: Collection[str]) -> None:
        """Note the columns of a table that no reader uses, because one of them may be a misspelt known column."""
        if other := [name for name in columns if name not in known]:
            self.notes.append(f"unused columns: {', '.join(other)} (the known columns are {', '.join(known)})")


@dataclass(frozen=True)
class Reader(Generic[T]):
    """A reader of one layout of data sets.

    Attributes:
        title: Name of the data set.
        layout: Description of the layout in one line.
        recognises: Whether a path has this layout.
        read: Reads the items; pixels are read later, unless the truth must be derived from them.
        terms: Terms of use of the data.
    """

    title: str
    layout: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path], Reading[T]]
    terms: str = "not stated"


def require_columns(table: Path, columns: Iterable[str], required: Collection[str]) -> None:
    """Check that a table has columns.

    Args:
        table: Its file.
        columns: Names in its first line; they show whether another separator or spelling is used.
        required: Names of the columns that it needs.

    Raises:
        ValueError: It lacks some of them.
    """
    found = list(columns)
    if missing := sorted(set(required).difference(found)):
        has = f"its first line is {','.join(found)}" if found else "it is empty"
        raise ValueError(f"{table} lacks the columns {', '.join(missing)}: {has}; it needs {','.join(required)}")


def readers_in(package: ModuleType) -> dict[str, Reader[Any]]:
    """All readers of a package, by the names of their modules."""
    modules = [importlib.import_module(f"{package.__name__}.{m.name}") for m in pkgutil.iter_modules(package.__path__)]
    return {m.__name__.rsplit(".", 1)[-1]: m.READER for m in modules if hasattr(m, "READER")}


def reader_of(readers: dict[str, Reader[T]], path: Path, layout: str | None = None) -> Reader[T]:
    """Find the reader of a data set.

    Args:
        readers: By name.
        path: Folder or file.
        layout: Name of a reader; None for the one that recognises the path.

    Raises:
        ValueError: There is no such reader, or none recognises the path.
    """
    if layout is not None:
        if layout not in readers:
            raise ValueError(f"there is no layout {layout!r}; choose one of {', '.join(readers)}")
        return readers[layout]
    for reader in readers.values():
        if reader.recognises(path):
            return reader
    lines = "\n".join(f"  {name}: {reader.layout}" for name, reader in readers.items())
    raise ValueError(f"{path} has none of the known layouts:\n{lines}")
