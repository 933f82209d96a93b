"""The shipped head on fields with the dyes of other laboratories, as it is and adapted to them."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from histo_worker.adaptation.measure import classes_of
from histo_worker.adaptation.shift import estimate_shift
from histo_worker.data.breakhis import LABELS, Field
from histo_worker.data.folds import Indices, repeated_folds
from histo_worker.evaluation.appearances import Appearance, Lit, Redyed, mean_dyes
from histo_worker.evaluation.cross_validation import OutOfFold
from histo_worker.preprocessing.stain import Dyes
from histo_worker.reproduction.heads import SHIPS
from histo_worker.reproduction.magnifications import SEEDS
from histo_worker.scale import UM_OF_MAGNIFICATION
from histo_worker.training.features import field_features
from histo_worker.training.frozen_head import fit_head
from lobule.contracts.result import Magnification
from lobule_ml.calibration import sigmoid
from lobule_ml.evaluation.statistics import auc, expected_calibration_error, patient_bootstrap

Float = NDArray[np.floating]

TESTED: tuple[Magnification, ...] = ("40X", "100X", "200X")
METHODS = ("as it is", "adapted, share stated", "adapted, no share")
_PLAIN = "own dyes"
_FIELDS_OF_A_PATIENT = 4  # at a magnification
_CERTAIN = 1e-4  # bounds of the probabilities in the log loss


class _Tested(NamedTuple):
    """Log odds of fields whose patients the heads have not learned from.

    Attributes:
        fields: The fields.
        log_odds: (seeds, fields) for each appearance and method.
    """

    fields: Sequence[Field]
    log_odds: Mapping[tuple[str, str], Float]


def laboratories_section(
    fields: Sequence[Field], more: Sequence[Field], dyes: Mapping[str, Dyes], weights: Path, cache: Path | None
) -> Iterator[str]:
    """Measure the recipe of the shipped head on changed fields.

    Args:
        fields: Fields of a first folder.
        more: Further fields, some of the same patients.
        dyes: Those of other sources by their names.
        weights: Folder of pretrained weights.
        cache: Folder for features, or None.

    Raises:
        ValueError: There are too few patients.
    """
    every = [f for f in (*fields, *more) if f.magnification is not None]
    _require_patients(every)
    own = mean_dyes(fields)
    appearances: dict[str, Appearance | None] = {_PLAIN: None}
    for name, one in dyes.items():
        appearances |= {f"dyes of {name}, moved": Redyed(one, own), f"dyes of {name}, replaced": Redyed(one)}
    appearances["another light"] = Lit()
    measured = _measure(every, appearances, weights, cache)
    changed = [name for name in appearances if name != _PLAIN]
    yield "## The shipped recipe with the dyes of other laboratories"
    yield ""
    yield (
        f"{len(measured.fields)} fields of {len({f.patient for f in measured.fields})} patients at "
        f"{', '.join(TESTED)}, at most {_FIELDS_OF_A_PATIENT} of a patient and magnification; {SHIPS.folds} folds by "
        f"patient, seeds {', '.join(map(str, SEEDS))}. The fields' two dyes are *moved* by the difference between "
        "those of a source and the mean ones of the first folder, or *replaced* by those of the source. `histo-worker "
        "adapt` measures a laboratory on the fields of half of the fold's patients, for the other half; the share of "
        "malignant fields is stated as a tenth, or not. AUC, log loss, calibration error, and sensitivity and "
        "specificity at 0.5, means over seeds and magnifications. These laboratories are simulated."
    )
    yield ""
    yield f"| appearance | {' | '.join(METHODS)} |"
    yield f"| --- |{' --- |' * len(METHODS)}"
    groups = {name: [name] for name in appearances} | {"all but its own dyes": changed}
    for name, group in groups.items():
        cells = [", ".join(f"{_mean(measured, s, group, m):.3f}" for s in _STATISTICS.values()) for m in METHODS]
        yield f"| {name} | {' | '.join(cells)} |"
    yield ""
    yield "Differences to the shipped head as it is, with 95 % intervals over patients:"
    yield ""
    yield "| appearance | method | " + " | ".join(_STATISTICS) + " |"
    yield f"| --- | --- |{' --- |' * len(_STATISTICS)}"
    for words, group in (("all but its own dyes", changed), (_PLAIN, [_PLAIN])):
        for method in METHODS[1:]:
            cells = [_difference(measured, statistic, group, method) for statistic in _STATISTICS.values()]
            yield f"| {words} | {method} | {' | '.join(cells)} |"


def _require_patients(every: Sequence[Field]) -> None:
    """Refuse fields with which `OutOfFold.class_log_odds` has nothing to compare, before features are computed."""
    for splits in repeated_folds(every, SHIPS.folds, SEEDS).repetitions:
        for train, _ in splits:
            known = {(f.magnification, f.label, f.patient) for f in (every[int(i)] for i in train)}
            patients = Counter((magnification, label) for magnification, label, _ in known)
            if not any(all(patients[m, label] >= SHIPS.folds for label in LABELS) for m in TESTED):
                raise ValueError(
                    f"the section laboratories needs fields of {SHIPS.folds} patients of each class outside "
                    f"every fold, at one of {', '.join(TESTED)}; give more patients"
                )


def _measure(
    every: Sequence[Field], appearances: Mapping[str, Appearance | None], weights: Path, cache: Path | None
) -> _Tested:
    upright = replace(SHIPS.reader, turned=False)
    learned = field_features(every, upright, SHIPS.backbone, SHIPS.taps, weights, cache)[SHIPS.statistic]
    tested = _evenly(every)
    read = {
        name: field_features(
            [every[i] for i in tested], SHIPS.reader, SHIPS.backbone, SHIPS.taps, weights, cache, change=change
        )[SHIPS.statistic]
        for name, change in appearances.items()
    }
    target, patients = np.array([f.target for f in every]), np.array([f.patient for f in every])
    log_odds = {(name, method): np.full((len(SEEDS), len(tested)), np.nan) for name in read for method in METHODS}
    for row, splits in enumerate(repeated_folds(every, SHIPS.folds, SEEDS).repetitions):
        plain = np.full(len(tested), np.nan)
        logits = {name: np.full(len(tested), np.nan) for name in read}
        folds = [np.flatnonzero(np.isin(tested, test)) for _, test in splits]
        for (train, _), at in zip(splits, folds, strict=True):
            head = fit_head(SHIPS, [every[i] for i in train], learned[train])
            for name, features in read.items():
                logits[name][at] = head(features[at])
            plain[at] = logits[_PLAIN][at]
        for number, at in enumerate(folds):
            outside = np.setdiff1d(np.arange(len(tested)), at)
            scores = plain[None, outside]
            others = OutOfFold(
                [every[tested[int(k)]] for k in outside], SEEDS[row : row + 1], SHIPS.folds, scores, scores
            )
            halves = _halves(target[tested[at]], patients[tested[at]], [row, number])
            for name in read:
                for method, values in _adapted(others, [every[tested[k]] for k in at], logits[name][at], halves):
                    log_odds[name, method][row, at] = values
    return _Tested([every[i] for i in tested], log_odds)


def _evenly(fields: Sequence[Field]) -> Indices:
    """At most `_FIELDS_OF_A_PATIENT` of a patient and magnification, evenly spread in their order."""
    groups: dict[tuple[str, str], list[int]] = {}
    for index, field in enumerate(fields):
        if field.magnification in TESTED:
            groups.setdefault((field.patient, str(field.magnification)), []).append(index)
    chosen: list[int] = []
    for group in groups.values():
        places = np.linspace(0, len(group) - 1, min(len(group), _FIELDS_OF_A_PATIENT)).round().astype(int)
        chosen += [group[place] for place in places]
    return np.array(sorted(chosen))


def _halves(target: NDArray[np.integer], patients: NDArray[np.str_], seed: Sequence[int]) -> NDArray[np.bool_]:
    """Whether each field is of the first half of the patients; each class is halved by itself."""
    rng = np.random.default_rng(seed)
    first: list[str] = []
    for label in (0, 1):
        names = rng.permutation(np.unique(patients[target == label]))
        first += names[label::2].tolist()
    return np.isin(patients, first)


def _adapted(
    others: OutOfFold, fields: Sequence[Field], logits: Float, halves: NDArray[np.bool_]
) -> Iterator[tuple[str, Float]]:
    """Log odds of a fold's fields by each method; calibration and reference are those of the other folds."""
    calibration, reference = others.final_calibration(), others.class_log_odds()
    log_odds = calibration.slope * logits + calibration.intercept
    classes = [classes_of(reference, UM_OF_MAGNIFICATION[f.magnification or "100X"]) for f in fields]
    target = np.array([f.target for f in fields])
    yield METHODS[0], log_odds
    for method in METHODS[1:]:
        moved = log_odds.copy()
        for half in (halves, ~halves):
            site = np.flatnonzero(~half)
            share = float(np.clip(round(target[site].mean(), 1), 0.05, 0.95)) if method == METHODS[1] else None
            of_site = [fields[int(i)].patient for i in site]
            shift = estimate_shift(log_odds[site], [classes[int(i)] for i in site], share, of_site)
            moved[half] += shift.value
        yield method, moved


def _log_loss(target: NDArray[np.integer], log_odds: Float) -> float:
    p = np.clip(sigmoid(log_odds), _CERTAIN, 1 - _CERTAIN)
    return float(-np.mean(target * np.log(p) + (1 - target) * np.log(1 - p)))


_Statistic = Callable[[NDArray[np.integer], Float], float]

_STATISTICS: dict[str, _Statistic] = {
    "AUC": auc,
    "log loss": _log_loss,
    "calibration error": lambda target, log_odds: expected_calibration_error(target, sigmoid(log_odds)),
    "sensitivity": lambda target, log_odds: float((log_odds[target == 1] >= 0).mean()),
    "specificity": lambda target, log_odds: float((log_odds[target == 0] < 0).mean()),
}


def _mean(
    measured: _Tested, statistic: _Statistic, names: Sequence[str], method: str, at: NDArray[np.integer] | None = None
) -> float:
    """Mean over appearances, seeds and magnifications; `at` are the drawn fields."""
    target = np.array([f.target for f in measured.fields])
    magnifications = np.array([f.magnification for f in measured.fields])
    drawn = np.arange(len(target)) if at is None else at
    groups = [drawn[magnifications[drawn] == magnification] for magnification in TESTED]
    groups = [group for group in groups if len(set(target[group].tolist())) == 2]
    rows = [row for name in names for row in measured.log_odds[name, method]]
    return float(np.mean([statistic(target[group], row[group]) for row in rows for group in groups]))


def _difference(measured: _Tested, statistic: _Statistic, names: Sequence[str], method: str) -> str:
    def difference(at: NDArray[np.integer] | None = None) -> float:
        adapted, as_it_is = (_mean(measured, statistic, names, m, at) for m in (method, METHODS[0]))
        return adapted - as_it_is

    patients, target = [f.patient for f in measured.fields], [f.target for f in measured.fields]
    low, high = patient_bootstrap(difference, patients, strata=target, rounds=300)
    return f"{difference():+.3f} ({low:+.3f} to {high:+.3f})"
