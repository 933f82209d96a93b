"""Splits, always by patient: repeated grouped folds, the thesis' four trials, and the official five folds."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histo_worker.data.breakhis import Field

Indices = NDArray[np.intp]
Split = tuple[Indices, Indices]
"""Indices of the training fields and of the test fields."""


def grouped_folds(fields: Sequence[Field], folds: int, seed: int) -> list[Split]:
    """Folds in which no patient is on both sides; the patients of each class are spread evenly.

    Patients of each class are shuffled and dealt one after the other, from a drawn fold on, so that every fold contains
    patients of both classes if each class has at least `folds` patients.

    Args:
        fields: The fields to split.
        folds: Number of folds.
        seed: Seed of the shuffle; repeated cross-validation uses several.
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
    """The thesis' protocol (4.1.4, 5.1.1): every fourth patient is for testing; each trial starts one patient later.

    The patients are ordered by class and number, so that both classes are on both sides.
    """
    patients = sorted({(f.label, f.patient) for f in fields})
    return [_split(fields, {p for _, p in patients[trial::4]}) for trial in range(trials)]


@dataclass(frozen=True)
class Folding:
    """The splits of a cross-validation.

    Attributes:
        repetitions: The splits of each repetition.
        seeds: Seeds of the repetitions.
        listing: Name of the file with the folds; None if they are drawn by the seeds.
    """

    repetitions: tuple[tuple[Split, ...], ...]
    seeds: tuple[int, ...]
    listing: str | None = None

    @property
    def folds(self) -> int:
        """Number of splits of each repetition."""
        return len(self.repetitions[0])


def repeated_folds(fields: Sequence[Field], folds: int, seeds: Sequence[int]) -> Folding:
    """Grouped folds, drawn again for each seed."""
    return Folding(tuple(tuple(grouped_folds(fields, folds, seed)) for seed in seeds), tuple(seeds))


def given_folds(fields: Sequence[Field], listing: Path) -> Folding:
    """Folds from a file: the official ones of BreakHis, or custom ones.

    Args:
        fields: Any subset of the data set.
        listing: An official `dsfoldN.txt`, lines `name|magnification|fold|train or test`, or a CSV with the columns
            `file` and `fold`. Fields of fold `train` are never tested; each other name is a fold with its own network,
            which learns from no field of the patients that it is tested on.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file has another format, lacks one of the fields, or tests none.
    """
    fold_of = _read_listing(listing)
    unnamed = [f.name for f in fields if f.name not in fold_of]
    if unnamed:
        raise ValueError(f"{listing} does not name {len(unnamed)} fields, such as {unnamed[0]}")
    tests = sorted({fold_of[f.name] for f in fields} - {"train"})
    if not tests:
        raise ValueError(f"{listing} tests none of the fields: all are of fold train")
    splits: list[Split] = []
    for fold in tests:
        test = np.array([fold_of[f.name] == fold for f in fields])
        patients = {f.patient for f, tested in zip(fields, test, strict=True) if tested}
        train = np.array([f.patient not in patients for f in fields])
        splits.append((np.flatnonzero(train), np.flatnonzero(test)))
    return Folding((tuple(splits),), (0,), listing.name)


def _read_listing(listing: Path) -> dict[str, str]:
    lines = listing.read_text("utf-8-sig").splitlines()
    if lines and "|" in lines[0]:
        return _official(lines, listing.name)
    try:
        rows = csv.DictReader(lines, restval="")
        if not {"file", "fold"} <= set(rows.fieldnames or ()):
            raise ValueError(
                f"{listing.name}: expected lines name|magnification|fold|train or test, or columns file, fold"
            )
        folds = {row["file"].strip(): row["fold"].strip() for row in rows}
    except csv.Error as error:
        raise ValueError(f"{listing.name} is not a CSV: {error}") from None
    if "" in folds.values():
        raise ValueError(f"{listing.name}: a row names no fold")
    return folds


def _official(lines: Sequence[str], name: str) -> dict[str, str]:
    side: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        parts = line.strip().split("|")
        if len(parts) != 4 or parts[3] not in ("train", "test"):
            raise ValueError(f"{name}, line {number}: expected name|magnification|fold|train or test")
        side[Path(parts[0]).stem] = parts[3]
    return side


def _split(fields: Sequence[Field], test_patients: set[str]) -> Split:
    test = np.array([f.patient in test_patients for f in fields])
    return np.flatnonzero(~test), np.flatnonzero(test)
