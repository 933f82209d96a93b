"""Measures density classification on patients outside the training set."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from lobule_ml.evaluation.statistics import auc, patient_bootstrap
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.splits import fold_of
from mammo_worker.density.model import CATEGORIES, fit
from mammo_worker.evaluation.summary import markdown_table

FOLDS = 5
BARS = (("quadratic kappa", 0.65), ("dense (c, d) or not, accuracy", 0.85))


@dataclass(frozen=True)
class Reading:
    """Densities of films or of breasts: the reader's, and the out-of-fold predictions.

    Attributes:
        patients: (N,).
        true: Categories (N,), 0 to 3.
        expected: (N,).
        said: Categories (N,), 0 to 3.
    """

    patients: list[str]
    true: NDArray[np.int64]
    expected: NDArray[np.float64]
    said: NDArray[np.int64]


def labelled(cases: Sequence[AnnotatedFilm]) -> tuple[list[AnnotatedFilm], NDArray[np.int64]]:
    """Films whose density is known, and their categories, 0 to 3."""
    known = [c for c in cases if c.attributes.get("density") in ("1", "2", "3", "4")]
    return known, np.array([int(c.attributes["density"]) - 1 for c in known])


def out_of_fold(
    cases: Sequence[AnnotatedFilm], features: NDArray[np.floating], true: NDArray[np.int64]
) -> tuple[Reading, Reading]:
    """Films, and breasts by the mean over their views, each read by a model that has not seen the patient."""
    patients = [c.patient for c in cases]
    folds = np.array([fold_of(p, FOLDS) for p in patients])
    breasts: dict[tuple[str, str], list[int]] = {}
    for i, c in enumerate(cases):
        breasts.setdefault((c.patient, c.attributes["laterality"]), []).append(i)
    expected, said = np.zeros(len(cases)), np.zeros(len(cases), np.int64)
    of_breast: dict[tuple[str, str], tuple[float, int]] = {}
    for fold in np.unique(folds):
        seen = folds != fold
        model = fit(features[seen], true[seen], [p for p, s in zip(patients, seen, strict=True) if s])
        expected[~seen] = model.expected(features[~seen])
        said[~seen] = model.categories(expected[~seen])
        for breast, films in breasts.items():
            if folds[films[0]] == fold:
                mean = float(expected[films].mean())
                of_breast[breast] = (mean, int(model.categories(np.array([mean]))[0]))
    means, categories = zip(*(of_breast[b] for b in breasts), strict=True)
    first = [films[0] for films in breasts.values()]
    breast_reading = Reading([b[0] for b in breasts], true[first], np.array(means), np.array(categories))
    return Reading(patients, true, expected, said), breast_reading


def measure(reading: Reading, unit: str) -> list[dict[str, Any]]:
    """Kappa, dense or not, with 95 % intervals over patients."""
    true, said, dense = reading.true, reading.said, reading.true >= 2
    measures: dict[str, Callable[[NDArray[np.integer]], float]] = {
        BARS[0][0]: lambda i: float(cohen_kappa_score(true[i], said[i], labels=[0, 1, 2, 3], weights="quadratic")),
        BARS[1][0]: lambda i: float(np.mean(dense[i] == (said[i] >= 2))),
        "dense (c, d) or not, AUC": lambda i: auc(dense[i], reading.expected[i]),
    }
    everybody = np.arange(len(true))
    rows: list[dict[str, Any]] = []
    for name, of in measures.items():
        low, high = patient_bootstrap(of, reading.patients)
        row = {"unit": f"{unit}, {len(true)} of {len(set(reading.patients))} patients", "metric": name}
        rows.append({**row, "value": round(of(everybody), 4), "interval_95": [round(low, 4), round(high, 4)]})
    return rows


def write_predictions(cases: Sequence[AnnotatedFilm], reading: Reading, path: Path) -> None:
    """A row for every film."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("film", "patient", "fold", "density", "said", "expected"))
        for case, true, said, expected in zip(cases, reading.true, reading.said, reading.expected, strict=True):
            words = (CATEGORIES[true], CATEGORIES[said], f"{expected:.4f}")
            writer.writerow((case.name, case.patient, fold_of(case.patient, FOLDS), *words))


def results_document(metrics: Sequence[dict[str, Any]], reading: Reading) -> str:
    """`docs/results/density.md`."""
    bars = [
        {"metric": name, "wanted": wanted, "measured": (value := _of(metrics, name)), "reached": _word(value >= wanted)}
        for name, wanted in BARS
    ]
    table = [
        {"as read": a, **{f"said {b}": int(np.sum((reading.true == i) & (reading.said == j))) for j, b in _letters()}}
        for i, a in _letters()
    ]
    return f"""# Breast density: results

Made by `mammo-worker evaluate-density`; do not edit by hand.

## Protocol
- Data: the films of CBIS-DDSM's official mass training split, with the density of its tables (BI-RADS a to d, as the
  readers of DDSM wrote it). Five folds by patient, as `mammo_worker.data.splits` says.
- A frozen EfficientNet-Lite0 (ImageNet) looks at the breast on a canvas of 448 x 224; means and deviations of three of
  its maps, with histograms, go into a linear model. Thresholds between the categories are set on inner folds.
- A breast is the mean over its views. Intervals: 95 %, bootstrap over patients, 1,000 rounds.

## Measured
{markdown_table(metrics)}
The bars that were set for it, by breast:

{markdown_table(bars)}
Breasts:

{markdown_table(table)}
## Limits
- Scanned films only, all of them with a mass. The readers' labels of one patient are the same for both breasts.
- No package ships. Research use only.
"""


def _letters() -> list[tuple[int, str]]:
    return list(enumerate(CATEGORIES))


def _of(metrics: Sequence[dict[str, Any]], name: str) -> float:
    return next(m["value"] for m in metrics if m["metric"] == name and m["unit"].startswith("breast"))


def _word(reached: bool) -> str:
    return "yes" if reached else "no"
