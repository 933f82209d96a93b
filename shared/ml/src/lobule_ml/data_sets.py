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
    """What a data set holds.

    Attributes:
        items: Those that can be used.
        problems: What is wrong with the others, each with its file or line.
        notes: What a person should know, but is no fault.
    """

    items: list[T] = field(default_factory=list[T])
    problems: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])

    def note_unknown(self, columns: Iterable[str], known: Collection[str]) -> None:
        """Note the columns of a table that nothing reads: one of them may be a known one with a slip of the pen."""
        if other := [name for name in columns if name not in known]:
            self.notes.append(f"columns that are not read: {', '.join(other)} (those that are: {', '.join(known)})")


@dataclass(frozen=True)
class Reader(Generic[T]):
    """A layout in which data sets come.

    Attributes:
        title: What the data set is called.
        layout: What it looks like, in a line.
        recognises: Whether a path has this layout.
        read: Reads what is there; pixels are read later, except where truth must be taken from them.
        terms: Under which the data may be used.
    """

    title: str
    layout: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path], Reading[T]]
    terms: str = "not stated"


def readers_in(package: ModuleType) -> dict[str, Reader[Any]]:
    """All readers of a package, by the names of their modules."""
    modules = [importlib.import_module(f"{package.__name__}.{m.name}") for m in pkgutil.iter_modules(package.__path__)]
    return {m.__name__.rsplit(".", 1)[-1]: m.READER for m in modules if hasattr(m, "READER")}


def reader_of(readers: dict[str, Reader[T]], path: Path, layout: str | None = None) -> Reader[T]:
    """The reader of a data set.

    Args:
        readers: By name.
        path: Folder or file.
        layout: Name of a reader; None to see which one recognises the path.

    Raises:
        ValueError: There is no such reader, or none recognises the path.
    """
    if layout is not None:
        if layout not in readers:
            raise ValueError(f"there is no layout {layout!r}; there are {', '.join(readers)}")
        return readers[layout]
    for reader in readers.values():
        if reader.recognises(path):
            return reader
    lines = "\n".join(f"  {name}: {reader.layout}" for name, reader in readers.items())
    raise ValueError(f"{path} has none of the known layouts:\n{lines}")
