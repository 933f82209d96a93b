"""Splits, always by patient: repeated grouped folds, the thesis' four trials, and the official five folds."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histo_worker.data.breakhis import Field

Indices = NDArray[np.intp]
Split = tuple[Indices, Indices]
"""Indices of training and of test fields."""


def grouped_folds(fields: Sequence[Field], folds: int, seed: int) -> list[Split]:
    """Folds in which no patient stands on both sides, each class's patients dealt out evenly.

    Patients of each class are shuffled and dealt in rounds, the one with most fields first within each round, so that
    every fold holds patients of both classes wherever there are at least `folds` of each.

    Args:
        fields: The fields to split.
        folds: Number of folds.
        seed: Seed of the shuffle; repeated cross-validation calls this with several.
    """
    rng = np.random.default_rng(seed)
    fold_of: dict[str, int] = {}
    for label in ("benign", "malignant"):
        patients = sorted({f.patient for f in fields if f.label == label} - fold_of.keys())
        order = rng.permutation(len(patients))
        start = int(rng.integers(folds))
        for place, index in enumerate(order):
            fold_of[patients[index]] = (start + place) % folds
    return [_split(fields, {p for p, at in fold_of.items() if at == fold}) for fold in range(folds)]


def reference_trials(fields: Sequence[Field], trials: int = 4) -> list[Split]:
    """The thesis' protocol (4.1.4, 5.1.1): every fourth patient tests, the others train; each trial starts one later.

    The patients are ordered by class and number, so that both classes stand on both sides.
    """
    patients = sorted({(f.label, f.patient) for f in fields})
    return [_split(fields, {p for _, p in patients[trial::4]}) for trial in range(trials)]


def official_fold(fields: Sequence[Field], listing: Path) -> Split:
    """One of the five folds published with BreakHis.

    Args:
        fields: Any subset of the data set.
        listing: A file `dsfoldN.txt` of lines `name|magnification|fold|train or test`.

    Raises:
        ValueError: The listing has a line of another form, or does not name one of the fields.
    """
    side: dict[str, str] = {}
    for number, line in enumerate(listing.read_text("utf-8").splitlines(), 1):
        parts = line.strip().split("|")
        if len(parts) != 4 or parts[3] not in ("train", "test"):
            raise ValueError(f"{listing.name}, line {number}: expected name|magnification|fold|train or test")
        side[Path(parts[0]).stem] = parts[3]
    unnamed = [f.name for f in fields if f.name not in side]
    if unnamed:
        raise ValueError(f"{listing.name} does not name {len(unnamed)} fields, such as {unnamed[0]}")
    test = np.array([side[f.name] == "test" for f in fields])
    return np.flatnonzero(~test), np.flatnonzero(test)


def _split(fields: Sequence[Field], test_patients: set[str]) -> Split:
    test = np.array([f.patient in test_patients for f in fields])
    return np.flatnonzero(~test), np.flatnonzero(test)
