"""Readers of data sets of films; each module of this package with a `READER` is one."""

import csv
import sys
from pathlib import Path

from lobule_ml.data_sets import Reader, Reading, reader_of, readers_in
from mammo_worker.data.annotated import AnnotatedFilm


def readers() -> dict[str, Reader[AnnotatedFilm]]:
    """All readers by name."""
    return readers_in(sys.modules[__name__])


def read_data_set(path: Path, layout: str | None = None) -> Reading[AnnotatedFilm]:
    """Read a data set in a known layout.

    Args:
        path: Folder or file.
        layout: Name of a reader; None for the one that recognises the path.

    Raises:
        ValueError: No reader fits, or the data set cannot be read.
    """
    reader = reader_of(readers(), path, layout)
    try:
        return reader.read(path)
    except KeyError as error:
        raise ValueError(f"{path}: a table has no column {error} ({reader.layout})") from None
    except (OSError, StopIteration, csv.Error) as error:
        raise ValueError(f"{path}: {error or 'a table is missing'} ({reader.layout})") from None
