"""BreakHis, the original tree or a flat folder."""

from pathlib import Path

from histo_worker.data.breakhis import Field, find_fields
from lobule_ml.data_sets import Reader, Reading


def read(folder: Path) -> Reading[Field]:
    """Read all fields below the folder."""
    return Reading(find_fields(folder))


READER = Reader(
    "BreakHis (Spanhol et al., IEEE TBME 2016, 10.1109/TBME.2015.2496264)",
    "FOLDER with SOB_….png, however deep",
    lambda path: path.is_dir() and next(path.rglob("SOB_*"), None) is not None,
    read,
    terms="free for research; cite its publication",
)
