"""The finished runs of a cross-validation, and the films that each of them has not learned from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule_ml.packages import half_precision, read_weights
from lobule_ml.training.loop import AVERAGE_FILE
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.training.learned import learned_patients


def finished_folds(runs: Path) -> list[Path]:
    """The runs of a cross-validation: `fold0`, `fold1`, and so on.

    Raises:
        ValueError: There are fewer than two, or one is not finished.
    """
    folds = sorted(path for path in runs.glob("fold*") if path.is_dir())
    unfinished = [path.name for path in folds if not (path / AVERAGE_FILE).is_file()]
    if len(folds) < 2 or unfinished:
        what = f"{', '.join(unfinished)} not finished" if unfinished else f"{len(folds)} folds"
        raise ValueError(f"{runs} has {what}; train every fold first, with --out {runs}/fold0 and so on")
    return folds


def held_out_by(folds: Sequence[Path], films: Sequence[AnnotatedFilm]) -> list[list[AnnotatedFilm]]:
    """The films of each fold's held-out patients, on which its network was not trained.

    Raises:
        ValueError: A patient is held out by no fold or by several.
    """
    learned = [set(learned_patients(run)) for run in folds]
    places = {f.patient: [n for n, known in enumerate(learned) if f.patient not in known] for f in films}
    wrong = sorted(patient for patient, numbers in places.items() if len(numbers) != 1)
    if wrong:
        raise ValueError(
            f"{len(wrong)} patients are held out by no fold or by several ({', '.join(wrong[:5])}); give the data set "
            "that the folds were trained on"
        )
    return [[film for film in films if places[film.patient] == [n]] for n in range(len(folds))]


def weights_of(run: Path) -> list[NDArray[Any]]:
    """The weights of a run as they are read from a package."""
    return [w.astype(np.float32) for w in half_precision(read_weights(run / AVERAGE_FILE))]
