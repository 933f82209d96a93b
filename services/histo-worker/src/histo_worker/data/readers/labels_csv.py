"""Custom fields: a labels CSV, see `data.labels`."""

from histo_worker.data.labels import read_labels
from lobule_ml.data_sets import Reader

READER = Reader(
    "labels CSV",
    "FILE.csv with the columns file, patient, label",
    lambda path: path.suffix.lower() == ".csv",
    read_labels,
)
