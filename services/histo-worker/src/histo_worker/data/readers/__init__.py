"""Readers of data sets of fields; each module of this package with a `READER` is one."""

import sys
from pathlib import Path

from histo_worker.data.breakhis import Field
from lobule_ml.data_sets import Reader, reader_of, readers_in


def readers() -> dict[str, Reader[Field]]:
    """All readers by name."""
    return readers_in(sys.modules[__name__])


def find_reader(path: Path, layout: str | None = None) -> Reader[Field]:
    """Find the reader of a data set.

    Raises:
        ValueError: There is no such reader, or none recognises the path.
    """
    return reader_of(readers(), path, layout)
