"""Plots ROC curve, calibration and confusion matrix as PNG files."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from lobule_ml.evaluation.statistics import Counts, auc, expected_calibration_error

mpl.use("Agg")
import matplotlib.pyplot as plt

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]


def write_plots(target: Ints, probability: Floats, folder: Path, name: str) -> list[Path]:
    """Write `NAME-roc.png`, `NAME-calibration.png` and `NAME-confusion.png`.

    Args:
        target: 0 benign, 1 malignant.
        probability: Calibrated probabilities of the same images.
        folder: Folder, created if necessary.
        name: Start of the file names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{name}-{kind}.png" for kind in ("roc", "calibration", "confusion")]
    _roc(target, probability, files[0])
    _calibration(target, probability, files[1])
    _confusion(Counts.of(target, probability >= 0.5), files[2])
    return files


def _roc(target: Ints, probability: Floats, file: Path) -> None:
    figure, axes = plt.subplots(figsize=(4, 4), layout="constrained")
    false_positive, true_positive, _ = roc_curve(target, probability)
    axes.plot(false_positive, true_positive)
    axes.plot([0, 1], [0, 1], linestyle=":", color="grey")
    axes.set(xlabel="1 - specificity", ylabel="sensitivity", title=f"AUC {auc(target, probability):.3f}")
    figure.savefig(file, dpi=120)
    plt.close(figure)


def _calibration(target: Ints, probability: Floats, file: Path) -> None:
    figure, axes = plt.subplots(figsize=(4, 4), layout="constrained")
    bins = np.minimum((probability * 10).astype(int), 9)
    places = np.unique(bins)
    axes.plot([0, 1], [0, 1], linestyle=":", color="grey")
    axes.plot([probability[bins == b].mean() for b in places], [target[bins == b].mean() for b in places], marker="o")
    error = expected_calibration_error(target, probability)
    axes.set(xlabel="calibrated probability", ylabel="share malignant", title=f"expected calibration error {error:.3f}")
    figure.savefig(file, dpi=120)
    plt.close(figure)


def _confusion(counts: Counts, file: Path) -> None:
    figure, axes = plt.subplots(figsize=(4, 3.6), layout="constrained")
    table = [[counts.true_negative, counts.false_positive], [counts.false_negative, counts.true_positive]]
    axes.imshow(table, cmap="Blues")
    for row in range(2):
        for column in range(2):
            axes.text(column, row, str(table[row][column]), ha="center", va="center")
    labels = ["benign", "malignant"]
    axes.set(xticks=[0, 1], yticks=[0, 1], xticklabels=labels, yticklabels=labels, xlabel="called", ylabel="is")
    figure.savefig(file, dpi=120)
    plt.close(figure)
