"""Heads on frozen features: what was tried, and what is shipped."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from histo_worker.configs import densenet121_deviation
from histo_worker.data.breakhis import Field
from histo_worker.evaluation.cross_validation import (
    OutOfFold,
    auc_difference,
    choose_thresholds,
    measure_band,
)
from histo_worker.evaluation.plots import write_plots
from histo_worker.models.heads import Statistic
from histo_worker.reproduction.rows import HEADER, cell, row
from histo_worker.training.features import field_features
from histo_worker.training.frozen_head import measure_linear_head
from lobule.contracts.result import Magnification

BASE = densenet121_deviation.CONFIG
_MIDDLE = 320  # maps of `block2_middle`, the first of the two taps

# (maps, statistic, C, patients taken out)
FIRST = ("block2", "mean", 0.05, 1.0)
SHIPPED = ("both", "deviation", BASE.c, BASE.shrinkage)
HEADS: tuple[tuple[str, Statistic, float, float], ...] = (
    ("block2", "mean", 0.05, 0.0),
    FIRST,
    ("block2_middle", "mean", 0.01, 60.0),
    ("both", "mean", 0.01, 60.0),
    ("block2", "deviation", 0.01, 60.0),
    ("block2_middle", "deviation", 0.01, 60.0),
    ("both", "deviation", 0.03, 0.0),
    ("both", "deviation", 0.03, 6.0),
    ("both", "deviation", 0.01, 6.0),
    SHIPPED,
    ("both", "deviation", 0.1, 60.0),
)
_COLUMNS = {"block2_middle": slice(None, _MIDDLE), "block2": slice(_MIDDLE, None), "both": slice(None)}

_BAND = ("answered", "sensitivity_outside", "specificity_outside", "malignant_cleared", "benign_suspected")

# The report's table 13: patient accuracy, image accuracy, image F1 (%).
TABLE_13: dict[Magnification, str] = {"40X": "88.26, 88.72, 92.02", "100X": "88.17, 85.46, 89.89"}


def heads_section(fields: Sequence[Field], weights: Path, cache: Path | None, plots: Path) -> Iterator[str]:
    """Heads on frozen features, a row each, and the shipped one at every level.

    Args:
        fields: Fields of all magnifications.
        weights: Folder of pretrained weights.
        cache: Folder for features, or None.
        plots: Folder for the shipped head's plots.
    """
    yield "## Heads on frozen features, and the shipped model"
    yield ""
    yield (
        f"{BASE.backbone} up to {', '.join(BASE.taps)}; windows of {BASE.reader.window} pixels read at "
        f"{BASE.reader.size}; {BASE.folds} folds, seeds {', '.join(map(str, BASE.seeds))}, means over the seeds. "
        "A head reads the mean or the deviation of each map; C is the inverse strength of its L2 penalty. "
        "All rows were seen before one was shipped, so the best is a little kind to itself."
    )
    yield ""
    yield HEADER
    features = field_features(fields, BASE.reader, BASE.backbone, BASE.taps, weights, cache)
    measured: dict[tuple[str, Statistic, float, float], OutOfFold] = {}
    for head in HEADS:
        maps, statistic, c, shrinkage = head
        config = replace(BASE, c=c, shrinkage=shrinkage)
        measured[head] = measure_linear_head(fields, features[statistic][:, _COLUMNS[maps]], config)
        note = (
            " (shipped)" if head == SHIPPED else " (shipped before, there with four windows)" if head == FIRST else ""
        )
        yield row(f"{maps}, {statistic}, C {c}, patients taken out {shrinkage}{note}", measured[head])
    shipped = measured[SHIPPED]
    yield ""
    for magnification in TABLE_13:
        value, low, high = auc_difference(shipped, measured[FIRST], magnification)
        yield (
            f"Shipped against shipped before, image AUC at {magnification}, paired over the same patients and folds: "
            f"{value:+.3f} ({low:+.3f} to {high:+.3f})."
        )
    yield ""
    yield from _levels(shipped)
    yield from _band(shipped)
    at100 = np.array([f.magnification == "100X" for f in fields])
    write_plots(shipped.target[at100], shipped.probabilities[0, at100], plots, "shipped")


def _levels(oof: OutOfFold) -> Iterator[str]:
    yield "### The shipped model at image and patient level (layout of table 13)"
    yield ""
    rows = {magnification: oof.measure(magnification) for magnification in TABLE_13}
    names = list(rows["100X"])
    yield "| metric | " + " | ".join(rows) + " |"
    yield "| --- |" + " --- |" * len(rows)
    for name in names:
        yield f"| {name.replace('_', ' ')} | " + " | ".join(cell(r[name]) for r in rows.values()) + " |"
    yield "| the report: patient accuracy, image accuracy, F1 (%) | " + " | ".join(TABLE_13.values()) + " |"
    yield ""
    yield (
        "Decisions at 0.5, calibrated crosswise. ROC curve, calibration and confusion matrix of the first seed at 100X "
        "are in the folder of plots."
    )
    yield ""


def _band(oof: OutOfFold) -> Iterator[str]:
    thresholds = choose_thresholds(oof)
    yield '### The three states: outside the "not sure" band'
    yield ""
    yield (
        f"Below {thresholds.low} no sign of malignancy, from {thresholds.high} on malignancy suspected. The band is "
        "chosen on these out-of-fold probabilities of all magnifications, so its figures are a little kind."
    )
    yield ""
    yield "| fields | answered | sensitivity outside | specificity outside | malignant cleared | benign suspected |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for magnification in (None, *TABLE_13):
        band = measure_band(oof, thresholds, magnification)
        cells = " | ".join(f"{band[k]:.3f}" for k in _BAND)
        yield f"| {magnification or 'all'} | {cells} |"
