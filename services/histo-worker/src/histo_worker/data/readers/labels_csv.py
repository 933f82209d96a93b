"""Own fields: a labels CSV, see `data.labels`."""

from pathlib import Path

from histo_worker.data.breakhis import Field
from histo_worker.data.labels import read_labels
from lobule_ml.data_sets import Reader, Reading


def read(table: Path) -> Reading[Field]:
    """All rows that can be used."""
    found = read_labels(table)
    return Reading(found.fields, found.problems)


READER = Reader(
    "labels CSV",
    "FILE.csv with the columns file, patient, label",
    lambda path: path.suffix.lower() == ".csv",
    read,
)
