"""Heads on frozen features: the compared ones and the shipped one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histo_worker.configs import densenet121_deviation
from histo_worker.data.breakhis import Field
from histo_worker.evaluation.cross_validation import (
    OutOfFold,
    auc_difference,
    choose_thresholds,
    measure_band,
)
from histo_worker.evaluation.plots import write_plots
from histo_worker.field_reader import SUPPOSED, FieldReader
from histo_worker.reproduction.rows import HEADER, cell, row
from histo_worker.training.features import field_features
from histo_worker.training.frozen_head import features_of_head, measure_linear_head
from lobule.contracts.result import Magnification
from lobule_ml.backbones import BACKBONES

SHIPS = densenet121_deviation.plan()
"""The recipe of the shipped head."""
BASE = replace(SHIPS, by_magnification=False)
"""The recipe of 3.2, which learned from the first folder: on it, heads were compared."""
UPRIGHT = replace(BASE.reader, turned=False)
"""The reader of the fields from which heads learn."""
PIXELS = replace(UPRIGHT, window_at=None)
"""An earlier reader, with the same window of pixels at every magnification."""
CONFIRMING_SEEDS = tuple(range(5, 15))
"""Seeds of folds that are used only for confirmation."""


@dataclass(frozen=True)
class Head:
    """A row of the table: the statistic, its maps, how the head is fitted, and whether it reads turned windows."""

    taps: tuple[str, ...] = BASE.taps
    statistic: str = BASE.statistic
    c: float = BASE.c
    shrinkage: float = BASE.shrinkage
    reader: FieldReader = UPRIGHT
    backbone: str = BASE.backbone
    turned: bool = False

    @property
    def words(self) -> str:
        """The row's label."""
        read = "equal tissue" if self.reader == UPRIGHT else "equal pixels"
        maps = f"{self.backbone} {' + '.join(self.taps)}"
        fitted = f"C {self.c}, patients taken out {self.shrinkage:g}"
        return f"{maps}, {self.statistic}, {read}, {fitted}{', reads turned windows' * self.turned}"


LATEST = Head(turned=True)
BEFORE = Head()
HEADS = (
    Head(("block2",), "mean", 0.05, 0.0, PIXELS),
    Head(("block2",), "mean", 0.05, 1.0, PIXELS),
    Head(BASE.taps, "mean", 0.01, 60.0, PIXELS),
    Head(BASE.taps, "deviation", 0.03, 0.0, PIXELS),
    Head(BASE.taps, "deviation", 0.03, 6.0, PIXELS),
    Head(BASE.taps, "deviation", 0.01, 60.0, PIXELS),
    Head(BASE.taps, "deviation", 0.1, 60.0, PIXELS),
    Head(c=0.03),
    Head(c=0.01),
    BEFORE,
    LATEST,
    Head(c=0.001),
    Head(shrinkage=0.0),
    Head(("block2_middle",)),
    Head(("block2",)),
    Head(statistic="mean"),
    Head(("block3",)),
    Head(("top",), "mean"),
    Head(("block2",), backbone="efficientnet_lite0"),
    Head(("block3",), "mean", backbone="efficientnet_lite0"),
    Head(("top",), "mean", backbone="efficientnet_lite0"),
    Head(("block2",), backbone="resnet50"),
    Head(("block3",), "mean", backbone="resnet50"),
)

_BAND = ("answered", "sensitivity_outside", "specificity_outside", "malignant_cleared", "benign_suspected")

# The thesis' table 13: patient accuracy, image accuracy, image F1 (%).
TABLE_13: dict[Magnification, str] = {"40X": "88.26, 88.72, 92.02", "100X": "88.17, 85.46, 89.89"}


def heads_section(fields: Sequence[Field], weights: Path, cache: Path | None, plots: Path) -> Iterator[str]:
    """Compare heads on frozen features, one row each, and measure the one of 3.2 at every level.

    Args:
        fields: Fields of all magnifications.
        weights: Folder of pretrained weights.
        cache: Folder for features, or None.
        plots: Folder for the plots of that head.
    """
    yield "## Heads on frozen features, and the model of 3.2"
    yield ""
    yield (
        f"Windows are read at {BASE.reader.size} pixels. Equal tissue: {BASE.reader.window} pixels of a field at 100X, "
        f"{BASE.reader.sides('40X')[0]} at 40X, which show as much tissue. Equal pixels: {BASE.reader.window} at every "
        f"magnification. {BASE.folds} folds, seeds {', '.join(map(str, BASE.seeds))}, means over the seeds. "
        "A head reads the mean or the deviation of each map; C is the inverse strength of its L2 penalty. "
        "All rows were seen before one was chosen, so the best is a little kind to itself."
    )
    yield ""
    yield HEADER
    measured: dict[Head, OutOfFold] = {}
    for head in HEADS:
        if not (weights / BACKBONES[head.backbone].archive).exists():
            yield f"| {head.words} | not measured: its weights are not there | | | | |"
            continue
        features = field_features(fields, head.reader, head.backbone, _taps(head), weights, cache)
        chosen = features[head.statistic][:, _columns(head)]
        config, read = replace(BASE, c=head.c, shrinkage=head.shrinkage), chosen
        if head.turned:
            _, read = features_of_head(BASE, fields, weights, cache)
        measured[head] = measure_linear_head(fields, chosen, config, read)
        note = " (3.2)" if head == LATEST else " (3.0)" if head == BEFORE else ""
        yield row(head.words + note, measured[head])
    latest = measured[LATEST]
    yield ""
    for magnification in TABLE_13:
        value, low, high = auc_difference(latest, measured[BEFORE], magnification)
        yield (
            f"3.2 against 3.0, image AUC at {magnification}, paired over the same patients and folds: "
            f"{value:+.3f} ({low:+.3f} to {high:+.3f})."
        )
    yield ""
    yield from _confirmed(fields, weights, cache)
    yield from _levels(latest)
    yield from _band(latest)
    at100 = np.array([f.magnification == "100X" for f in fields])
    write_plots(latest.target[at100], latest.probabilities[0, at100], plots, "shipped")


_ALL_TAPS: dict[str, tuple[str, ...]] = {
    "densenet121": ("block2_middle", "block2", "block3", "top"),
    "efficientnet_lite0": ("block2", "block3", "top"),
    "resnet50": ("block2", "block3", "top"),
}
_CHANNELS: dict[str, tuple[int, ...]] = {
    "densenet121": (320, 512, 1024, 1024),
    "efficientnet_lite0": (40, 112, 1280),
    "resnet50": (512, 1024, 2048),
}


def _taps(head: Head) -> tuple[str, ...]:
    """The taps to extract together, so that rows share features; the shipped ones separately, which is fast."""
    return (
        BASE.taps if set(head.taps) <= set(BASE.taps) and head.backbone == BASE.backbone else _ALL_TAPS[head.backbone]
    )


def _columns(head: Head) -> NDArray[np.bool_]:
    extracted, sizes = _taps(head), dict(zip(_ALL_TAPS[head.backbone], _CHANNELS[head.backbone], strict=True))
    return np.concatenate([np.full(sizes[tap], tap in head.taps) for tap in extracted])


def _confirmed(fields: Sequence[Field], weights: Path, cache: Path | None) -> Iterator[str]:
    """Measure the head of 3.2 on other folds, and without the magnification."""
    yield "### The model of 3.2 on other folds, and where nobody says the magnification"
    yield ""
    yield (
        f"Seeds {CONFIRMING_SEEDS[0]} to {CONFIRMING_SEEDS[-1]}: other folds of the same patients, looked at to check "
        "what was chosen. Of unknown magnification a field is read as 40X and as 100X; the logits are averaged."
    )
    yield ""
    yield HEADER

    def read(reader: FieldReader, read_as: Magnification | None = None) -> NDArray[np.floating]:
        found = field_features(fields, reader, BASE.backbone, BASE.taps, weights, cache, read_as)
        return found[BASE.statistic]

    learned = read(UPRIGHT)
    unknown = np.mean([read(BASE.reader, m) for m in SUPPOSED], axis=0)
    for name, head, train, test in (
        ("3.2", LATEST, learned, read(BASE.reader)),
        ("3.2, magnification unknown", LATEST, learned, unknown),
        ("3.0", BEFORE, learned, learned),
    ):
        config = replace(BASE, c=head.c, shrinkage=head.shrinkage, seeds=CONFIRMING_SEEDS)
        yield row(name, measure_linear_head(fields, train, config, test))
    yield ""


def _levels(oof: OutOfFold) -> Iterator[str]:
    yield "### The model of 3.2 at image and patient level (layout of table 13)"
    yield ""
    rows = {magnification: oof.measure(magnification) for magnification in TABLE_13}
    names = list(rows["100X"])
    yield "| metric | " + " | ".join(rows) + " |"
    yield "| --- |" + " --- |" * len(rows)
    for name in names:
        yield f"| {name.replace('_', ' ')} | " + " | ".join(cell(r[name]) for r in rows.values()) + " |"
    yield "| the thesis: patient accuracy, image accuracy, F1 (%) | " + " | ".join(TABLE_13.values()) + " |"
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
