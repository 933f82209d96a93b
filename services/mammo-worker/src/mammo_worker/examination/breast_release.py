"""Fits and measures the model of the breast and its scale from findings of held-out patients."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.models import ModelManifest
from lobule.contracts.result import Thresholds
from lobule_ml.calibration import Logistic
from mammo_worker.calibration import Calibration
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
from mammo_worker.examination import findings_csv
from mammo_worker.examination.findings_csv import KnownBreast
from mammo_worker.examination.fit_breast import (
    Form,
    chosen_form,
    compared,
    fit_breast,
    measure,
    paired,
    plain,
    thresholds_of,
)
from mammo_worker.examination.lesions import lesion_names, measure_films
from mammo_worker.examination.suspicion import BreastModel, view_values

_STATES = ("no_sign_of_malignancy", "not_sure", "malignancy_suspected")


@dataclass(frozen=True)
class FittedBreast:
    """A model of the breast with the data of its fit.

    Attributes:
        breasts: The breasts on which it was fitted and chosen.
        form: The chosen form.
        model: The model, fitted on all breasts.
        probabilities: Out-of-fold probabilities (N,) of the chosen form.
        thresholds: Thresholds from `probabilities`.
        metrics: Out-of-fold metrics of every rule and form.
    """

    breasts: list[KnownBreast]
    form: Form
    model: BreastModel
    probabilities: NDArray[np.float64]
    thresholds: Thresholds
    metrics: list[dict[str, Any]]


@dataclass(frozen=True)
class MeasuredBreast:
    """Measurements of the model on patients outside fit and choice.

    Attributes:
        metrics: Metrics of the model and of the plain rules.
        differences: Paired differences of AUC between the model and each plain rule, for breasts with two views.
        states: Numbers of breasts in each of the three states, by the model and by the previous rule.
    """

    metrics: list[dict[str, Any]]
    differences: list[dict[str, Any]]
    states: list[dict[str, Any]]


def read_breasts(
    data: Path, findings: Path, films: Path | None, manifest: ModelManifest, pairs: Logistic | None
) -> list[KnownBreast]:
    """Read the breasts of CBIS-DDSM that a detector has analysed.

    Args:
        data: Folder of the data sets.
        findings: CSV of the findings.
        films: CSV of the films' probabilities; None to use each film's most suspicious finding.
        manifest: Manifest of the detector's package.
        pairs: The pair model.

    Raises:
        ValueError: A table is invalid.
    """
    found, patients = findings_csv.read_findings(findings)
    probabilities = findings_csv.read_probabilities(films) if films else None
    folder = data / "cbis_ddsm_mass"
    read = set(probabilities or ())
    cases = [c for c in cbis_ddsm(folder) if c.name in read or (not read and c.patient in patients)]
    measured = measure_films(cases, lesion_names(folder))
    calibration = Calibration.from_dict(manifest.calibration.values())
    return findings_csv.known_breasts(cases, measured, found, calibration, pairs, probabilities)


def fit(breasts: list[KnownBreast], suspicious: float, rounds: int = 1000) -> FittedBreast:
    """Compare the forms out of fold, and fit the best one on all breasts.

    Args:
        breasts: Breasts with their truth.
        suspicious: Probability from which a film counts as suspicious.
        rounds: Rounds of the bootstrap.

    Raises:
        ValueError: There are too few breasts.
    """
    probabilities = compared(breasts, suspicious)
    form = chosen_form(breasts, probabilities)
    own = probabilities[form.name]
    model = fit_breast(breasts, suspicious, form)
    return FittedBreast(breasts, form, model, own, thresholds_of(breasts, own), measure(breasts, probabilities, rounds))


def measure_once(
    fitted: FittedBreast, test: Sequence[KnownBreast], films: Thresholds, rounds: int = 2000
) -> MeasuredBreast:
    """Measure the fitted model and the plain rules.

    Args:
        fitted: The model.
        test: Breasts of other patients.
        films: Thresholds of films, which assign the maximum to one of the three states.
        rounds: Rounds of the bootstrap.
    """
    model = np.array([fitted.model(b.evidence) for b in test])
    rules = plain(test)
    two = np.array([len(view_values(b.evidence, range(len(b.evidence.films)))) == 2 for b in test])
    of_two = [b for b, both in zip(test, two, strict=True) if both]
    differences: list[dict[str, Any]] = []
    for name, p in rules.items():
        for unit, part, keep in (("all", list(test), slice(None)), ("two views", of_two, two)):
            difference, low, high = paired(part, model[keep], p[keep], rounds)
            row = {"breasts": f"{unit}, {len(part)}", "model less": name, "difference of AUC": round(difference, 3)}
            differences.append({**row, "interval_95": [round(low, 3), round(high, 3)]})
    states = _states("model", test, model, fitted.thresholds) + _states("rule", test, rules["maximum"], films)
    return MeasuredBreast(measure(test, {"the model": model, **rules}, min(rounds, 1000)), differences, states)


def _states(
    by: str, breasts: Sequence[KnownBreast], probabilities: NDArray[np.floating], thresholds: Thresholds
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name, malignant in (("benign", False), ("malignant", True)):
        own = [
            thresholds.assess(float(p)) for b, p in zip(breasts, probabilities, strict=True) if b.malignant == malignant
        ]
        rows.append({"by": by, "breasts": name, **{state: own.count(state) for state in _STATES}})
    return rows


def is_better(measured: MeasuredBreast) -> bool:
    """Whether the model ranks all breasts no worse than the maximum, with a lower log loss."""
    of_all = {row["rule"]: row for row in measured.metrics if row["breasts"].startswith("all")}
    model, rule = of_all["the model"], of_all["maximum"]
    return model["auc"] >= rule["auc"] and model["log_loss"] < rule["log_loss"]


def breast_values(
    fitted: FittedBreast, measured: MeasuredBreast | None, film_numbers: Literal["films", "findings"]
) -> dict[str, Any]:
    """The content of `breast.json`."""
    patients = len({b.patient for b in fitted.breasts})
    return {
        "model": fitted.model.to_dict(),
        "form": fitted.form.name,
        "thresholds": fitted.thresholds.model_dump(),
        "film_numbers": film_numbers,
        "fitted_on": f"{len(fitted.breasts)} breasts of {patients} patients of CBIS-DDSM, not seen by the detector.",
        "metrics": fitted.metrics,
        "measured_once": [] if measured is None else measured.metrics,
    }


def scale_values(fitted: FittedBreast, *, by_model: bool) -> dict[str, Any]:
    """The content of `scale.json`: numbers of breasts of known truth, from which the scale of any prevalence follows.

    Args:
        fitted: The model.
        by_model: Whether the numbers are the model's; otherwise they are those of the rule, the maximum.
    """
    probabilities = fitted.probabilities if by_model else plain(fitted.breasts)["maximum"]
    return {
        "probabilities": [round(float(p), 5) for p in probabilities],
        "malignant": [bool(b.malignant) for b in fitted.breasts],
        "fitted_on": "Breasts of CBIS-DDSM's validation patients. Every one of them holds a mass.",
    }
