"""The shipped head against the goals for each magnification, on fields of several folders."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from histo_worker.data.breakhis import Field
from histo_worker.data.folds import Indices, repeated_folds
from histo_worker.evaluation.cross_validation import OutOfFold, cross_validate
from histo_worker.reproduction.heads import BASE, SHIPS
from histo_worker.reproduction.rows import cell
from histo_worker.training.frozen_head import FrozenHeadConfig, features_of_head, fit_head
from lobule.contracts.result import Magnification
from lobule_ml.evaluation.statistics import auc, chance_calibration_error

SEEDS = (0, 1, 2)
GOALS: dict[Magnification, float] = {"40X": 0.95, "100X": 0.90, "200X": 0.95}
"""Image AUC."""
_PATIENT_ACCURACY, _ECE = 0.85, 0.06
_COLUMNS = (
    "learned from",
    "magnification",
    "fields",
    "patients",
    "image AUC",
    "goal",
    "patient accuracy",
    "ECE",
    "ECE by chance",
)


def magnifications_section(
    fields: Sequence[Field], more: Sequence[Field], weights: Path, cache: Path | None
) -> Iterator[str]:
    """Measure the recipe of 3.2, learned from the first fields, and that of the shipped head, learned from all.

    Args:
        fields: Fields from which the head of 3.2 learned.
        more: Further fields, some of the same patients.
        weights: Folder of pretrained weights.
        cache: Folder for features, or None.
    """
    first, second = ([f for f in part if f.magnification is not None] for part in (fields, more))
    every = [*first, *second]
    features, read = features_of_head(BASE, every, weights, cache)
    patients = len({f.patient for f in every})
    goals = ", ".join(f"{goal:.2f} at {magnification}" for magnification, goal in GOALS.items())
    yield "## The shipped recipe at each magnification"
    yield ""
    yield (
        f"{len(every)} fields of {patients} patients, {len(second)} of them from a second folder. {BASE.folds} folds "
        f"by patient, seeds {', '.join(map(str, SEEDS))}; a patient's fields of both folders are in the same fold. The "
        "values are means over the seeds, the values of each seed are in brackets. The goals are an image AUC of "
        f"{goals}, patient accuracy {_PATIENT_ACCURACY} and ECE {_ECE}; values that reach them are bold. So many "
        "fields with perfect probabilities would have the ECE in the last column. Few patients are benign, so that the "
        "folds matter: the first section measures the head of 3.2 on the first folder alone, in other folds. The head "
        "that ships learns with both classes alike at each magnification."
    )
    yield ""
    yield f"| {' | '.join(_COLUMNS)} |"
    yield f"|{' --- |' * len(_COLUMNS)}"
    known = np.arange(len(every)) < len(first)
    for words, config, learned in (
        ("the first folder (3.2)", BASE, known),
        ("both folders (ships)", SHIPS, np.ones_like(known)),
    ):
        oof = _measured(config, every, (features, read), learned)
        for magnification, goal in GOALS.items():
            yield f"| {words} | {_row(oof, magnification, goal)} |"


def _measured(
    config: FrozenHeadConfig,
    fields: Sequence[Field],
    features: tuple[NDArray[np.floating], NDArray[np.floating]],
    learned: NDArray[np.bool_],
) -> OutOfFold:
    """Cross-validate a head on all fields, while it learns only from those of `learned`; see `features_of_head`."""
    from_fields, read = features

    def fit_and_score(train: Indices, test: Indices) -> NDArray[np.floating]:
        own = train[learned[train]]
        return fit_head(config, [fields[i] for i in own], from_fields[own])(read[test])

    return cross_validate(fields, fit_and_score, repeated_folds(fields, config.folds, SEEDS))


def _row(oof: OutOfFold, magnification: Magnification, goal: float) -> str:
    chosen = np.array([f.magnification == magnification for f in oof.fields])
    measured = oof.measure(magnification)
    target = oof.target[chosen]
    by_seed = ", ".join(f"{auc(target, row[chosen]):.3f}" for row in oof.logits)
    benign, malignant = (len(np.unique(oof.patients[chosen & (oof.target == label)])) for label in (0, 1))
    chance = float(np.mean([chance_calibration_error(row[chosen]) for row in oof.probabilities]))
    cells = [
        magnification,
        str(chosen.sum()),
        f"{benign} benign, {malignant} malignant",
        f"{_bold(measured['image_auc'], measured['image_auc']['value'] >= goal)} [{by_seed}]",
        f"{goal:.2f}",
        _bold(measured["patient_accuracy"], measured["patient_accuracy"]["value"] >= _PATIENT_ACCURACY),
        _bold(measured["image_ece"], measured["image_ece"]["value"] <= _ECE),
        f"{chance:.3f}",
    ]
    return " | ".join(cells)


def _bold(measured: dict[str, Any], reached: bool) -> str:
    return f"**{cell(measured)}**" if reached else cell(measured)
