"""Fits models of a breast on findings that the detector was not trained on, and compares them by patient."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from lobule.contracts.result import Thresholds
from lobule_ml.calibration import Logistic
from lobule_ml.evaluation.statistics import (
    auc,
    chance_calibration_error,
    expected_calibration_error,
    patient_bootstrap,
)
from mammo_worker.calibration import sensitivity_threshold, specificity_threshold
from mammo_worker.data.splits import fold_of
from mammo_worker.evaluation.run import HIGH_SPECIFICITY, LOW_SENSITIVITY
from mammo_worker.examination.findings_csv import KnownBreast
from mammo_worker.examination.suspicion import RULES, BreastModel, by_rule, features, view_values

FOLDS = 5
_LEAST = 20  # least number of breasts of one kind for fitting a model


@dataclass(frozen=True)
class Form:
    """The inputs of a model of breasts with two views; fewer weights need fewer breasts.

    Attributes:
        name: Name in the tables.
        shares: Matrix (K, 3) whose rows spread each of the K fitted weights over `suspicion.FEATURES`.
    """

    name: str
    shares: NDArray[np.float64]


FORMS = (
    Form("most suspicious view, calibrated", np.array([[1.0, 0, 0]])),
    Form("mean logit, calibrated", np.array([[0.5, 0.5, 0]])),
    Form("logistic, views", np.array([[1.0, 0, 0], [0, 1.0, 0]])),
    Form("logistic, views and shared lesion", np.eye(3)),
)


def fit_breast(breasts: Sequence[KnownBreast], suspicious: float, form: Form = FORMS[-1]) -> BreastModel:
    """Fit a model that increases with suspicion.

    Args:
        breasts: Breasts with their truth; those with one view fit one part, those with two the other.
        suspicious: Probability from which a film counts as suspicious.
        form: Form of the part for two views.

    Raises:
        ValueError: There are too few breasts with two views, or of one class only.
    """
    two = [b for b in breasts if _views(b) == 2]
    if len(two) < _LEAST or len({b.malignant for b in two}) < 2:
        raise ValueError(f"at least {_LEAST} breasts with two views are needed, of both classes; there are {len(two)}")
    # Each view of a breast with two is used as a breast with one, which stabilises the part for one view.
    single = np.array([[value] for b in breasts for value in _values(b)])
    truth = np.array([b.malignant for b in breasts for _ in _values(b)])
    fitted = Logistic.fit(_table(two) @ form.shares.T, np.array([b.malignant for b in two]), rising=True)
    weights = np.array(fitted.weights) @ form.shares
    return BreastModel(
        one=Logistic.fit(single, truth, rising=True),
        two=Logistic(tuple(float(w) for w in weights), fitted.bias),
        suspicious=suspicious,
    )


def thresholds_of(breasts: Sequence[KnownBreast], probabilities: NDArray[np.floating]) -> Thresholds:
    """Set thresholds between the three states, as for films, from out-of-fold probabilities."""
    truth = [b.malignant for b in breasts]
    low = sensitivity_threshold(list(probabilities), truth, LOW_SENSITIVITY)
    high = specificity_threshold(list(probabilities), truth, HIGH_SPECIFICITY)
    return Thresholds(low=min(low, high), high=max(low, high))


def out_of_fold(
    breasts: Sequence[KnownBreast], fit: Callable[[Sequence[KnownBreast]], Callable[[KnownBreast], float]]
) -> NDArray[np.float64]:
    """Probabilities (N,) of breasts by models that are fitted on the patients of the other folds.

    Args:
        breasts: Breasts with their truth.
        fit: Fits a model, which returns the probability of a breast.
    """
    folds = np.array([fold_of(f"breast {b.patient}", FOLDS) for b in breasts])
    probabilities = np.zeros(len(breasts))
    for fold in range(FOLDS):
        model = fit([b for b, own in zip(breasts, folds, strict=True) if own != fold])
        for i in np.flatnonzero(folds == fold).tolist():
            probabilities[i] = model(breasts[i])
    return probabilities


def fit_form(
    suspicious: float, form: Form = FORMS[-1]
) -> Callable[[Sequence[KnownBreast]], Callable[[KnownBreast], float]]:
    """`fit_breast` in the form that `out_of_fold` expects."""

    def fit(breasts: Sequence[KnownBreast]) -> Callable[[KnownBreast], float]:
        model = fit_breast(breasts, suspicious, form)
        return lambda breast: model(breast.evidence)

    return fit


def fit_boosting(breasts: Sequence[KnownBreast]) -> Callable[[KnownBreast], float]:
    """Fit small monotonic trees on the same features, for comparison."""
    model = HistGradientBoostingClassifier(
        max_iter=60, learning_rate=0.08, max_leaf_nodes=6, min_samples_leaf=10, monotonic_cst=[1, 1, 1], random_state=0
    )
    model.fit(_table(breasts), [b.malignant for b in breasts])
    return lambda breast: float(model.predict_proba(_table([breast]))[0, 1])


def compared(breasts: Sequence[KnownBreast], suspicious: float) -> dict[str, NDArray[np.float64]]:
    """Probabilities (N,) of every rule and out-of-fold model for each breast."""
    probabilities = plain(breasts)
    probabilities |= {form.name: out_of_fold(breasts, fit_form(suspicious, form)) for form in FORMS}
    return {**probabilities, "gradient boosting": out_of_fold(breasts, fit_boosting)}


def plain(breasts: Sequence[KnownBreast]) -> dict[str, NDArray[np.float64]]:
    """Probabilities (N,) of every plain rule for each breast."""
    return {rule: np.array([by_rule(rule, b.evidence) for b in breasts]) for rule in RULES}


def chosen_form(breasts: Sequence[KnownBreast], probabilities: dict[str, NDArray[np.float64]]) -> Form:
    """The form with the smallest out-of-fold log loss; the simpler one if they are equal."""
    truth = np.array([b.malignant for b in breasts])
    return min(FORMS, key=lambda form: round(log_loss(truth, probabilities[form.name]), 6))


def log_loss(truth: NDArray[np.bool_], p: NDArray[np.floating]) -> float:
    """Mean negative log likelihood."""
    kept = np.clip(p, 1e-4, 1 - 1e-4)
    return float(-np.mean(np.where(truth, np.log(kept), np.log(1 - kept))))


def paired(
    breasts: Sequence[KnownBreast], one: NDArray[np.floating], other: NDArray[np.floating], rounds: int = 2000
) -> tuple[float, float, float]:
    """The difference of the AUCs of two readings of the same breasts, with its 95 % interval."""
    truth = np.array([b.malignant for b in breasts])

    def difference(at: NDArray[np.integer]) -> float:
        return auc(truth[at], one[at]) - auc(truth[at], other[at])

    low, high = patient_bootstrap(difference, [b.patient for b in breasts], rounds=rounds)
    return difference(np.arange(len(truth))), low, high


def measure(
    breasts: Sequence[KnownBreast], probabilities: dict[str, NDArray[np.float64]], rounds: int = 1000
) -> list[dict[str, Any]]:
    """AUC and calibration error of every rule, for all breasts and for those with two views.

    `ece_by_chance` is the calibration error that exact probabilities have on so few breasts.
    """
    truth, patients = np.array([b.malignant for b in breasts]), [b.patient for b in breasts]
    both = np.array([_views(b) == 2 for b in breasts])
    rows: list[dict[str, Any]] = []
    for unit, part in (("all", np.flatnonzero(both | True)), ("two views", np.flatnonzero(both))):
        of = [patients[i] for i in part]
        for name, p in probabilities.items():
            low, high = patient_bootstrap(
                lambda at, p=p, part=part: auc(truth[part][at], p[part][at]), of, rounds=rounds
            )
            rows.append(
                {
                    "breasts": f"{unit}, {len(part)}",
                    "rule": name,
                    "auc": round(auc(truth[part], p[part]), 3),
                    "interval_95": [round(low, 3), round(high, 3)],
                    "log_loss": round(log_loss(truth[part], p[part]), 3),
                    "ece": round(expected_calibration_error(truth[part], p[part]), 3),
                    "ece_by_chance": round(chance_calibration_error(p[part]), 3),
                }
            )
    return rows


def _table(breasts: Sequence[KnownBreast]) -> NDArray[np.float64]:
    return np.stack([features(b.evidence, range(len(b.evidence.films))) for b in breasts])


def _values(breast: KnownBreast) -> list[float]:
    return list(view_values(breast.evidence, range(len(breast.evidence.films))).values())


def _views(breast: KnownBreast) -> int:
    return len(_values(breast))
