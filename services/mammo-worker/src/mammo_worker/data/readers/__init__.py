"""Readers of data sets: each module of this package with a `READER` is one, and nothing else has to name it."""

import importlib
import pkgutil
from pathlib import Path

from mammo_worker.data.readers.reading import Reader, Reading


def readers() -> dict[str, Reader]:
    """All readers by the names of their modules."""
    modules = [importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    return {m.__name__.rsplit(".", 1)[-1]: m.READER for m in modules if hasattr(m, "READER")}


def read_data_set(path: Path, layout: str | None = None) -> Reading:
    """Read a data set of a known layout.

    Args:
        path: Folder or file.
        layout: Name of a reader; None to see which one recognises it.

    Raises:
        ValueError: There is no such reader, none recognises the path, or what stands there cannot be read.
    """
    known = readers()
    if layout is not None:
        if layout not in known:
            raise ValueError(f"there is no layout {layout!r}; there are {', '.join(known)}")
        return known[layout].read(path)
    for reader in known.values():
        if reader.recognises(path):
            return reader.read(path)
    lines = "\n".join(f"  {name}: {reader.layout}" for name, reader in known.items())
    raise ValueError(f"{path} has none of the known layouts:\n{lines}")
