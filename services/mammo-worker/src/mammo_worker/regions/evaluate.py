"""Out-of-fold evaluation of the region classifier."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule.words import counted
from lobule_ml.evaluation.statistics import auc, patient_bootstrap
from lobule_ml.training.loop import AVERAGE_FILE
from lobule_ml.training.torch_speed import prepare_torch
from mammo_worker.data.splits import fold_of
from mammo_worker.regions.crops import Crop
from mammo_worker.regions.inference import classify
from mammo_worker.regions.plan import RegionPlan
from mammo_worker.regions.preparations import PREPARATIONS, Preparation
from mammo_worker.regions.targets import ASSESSMENTS, CALCIFICATION, CALLED_BACK, GROUPS, NAMES, malignancy
from mammo_worker.regions.train import build, load_average

FOLDS = 5


@dataclass(frozen=True)
class OutOfFold:
    """Crops of the trained folds, and the predictions of networks that have not seen their patients.

    Attributes:
        crops: Crops of these folds.
        folds: Folds (N,) of the crops.
        probabilities: Predicted probabilities (N, len(NAMES)).
        preparation: Preparation of the crops, see `regions.preparations`.
    """

    crops: list[Crop]
    folds: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    preparation: str = PREPARATIONS[0].name

    @property
    def malignancy(self) -> NDArray[np.float64]:
        """Probabilities of malignancy (N,)."""
        return malignancy(self.probabilities)


def out_of_fold(
    plan: RegionPlan, crops: Sequence[Crop], runs: Path, weights: Path | None, echo: Callable[[str], None]
) -> OutOfFold:
    """`read_out_of_fold` with unchanged crops."""
    return next(read_out_of_fold(plan, crops, runs, weights, echo, PREPARATIONS[:1]))


def read_out_of_fold(
    plan: RegionPlan,
    crops: Sequence[Crop],
    runs: Path,
    weights: Path | None,
    echo: Callable[[str], None],
    preparations: Sequence[Preparation],
) -> Iterator[OutOfFold]:
    """Run the network of every finished fold on its held-out patients, with several preparations.

    Args:
        plan: Plan of the trainings.
        crops: All crops.
        runs: Folder with `fold0` to `fold4`.
        weights: Initial weights of the trainings, see `train.build`.
        echo: Called with progress messages.
        preparations: Preparations of the crops.

    Yields:
        The predictions for each preparation.

    Raises:
        FileNotFoundError: No fold is finished.
        ValueError: A fold was trained with another plan.
    """
    prepare_torch()
    model = build(plan, weights)
    held: list[Crop] = []
    folds: list[int] = []
    probabilities: dict[str, list[NDArray[np.float64]]] = {preparation.name: [] for preparation in preparations}
    for fold in range(FOLDS):
        file = runs / f"fold{fold}" / AVERAGE_FILE
        if not file.exists():
            echo(f"fold {fold} is not finished and is left out")
            continue
        load_average(model, file.parent, plan)
        own = [c for c in crops if fold_of(c.patient, FOLDS) == fold]
        echo(f"fold {fold}: {counted(len(own), 'crop')}")
        for preparation in preparations:
            prepared = (preparation.prepare(c, plan.network.side) for c in own)
            probabilities[preparation.name].append(classify(model.whole, list(prepared)))
        held += own
        folds += [fold] * len(own)
    if not held:
        raise FileNotFoundError(f"no fold in {runs} is finished")
    for preparation in preparations:
        yield OutOfFold(held, np.array(folds), np.concatenate(probabilities[preparation.name]), preparation.name)


def write_predictions(result: OutOfFold, path: Path) -> None:
    """Write a row for every crop with its description and all probabilities."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "kind", "patient", "lesion", "fold", "malignant", "probability_malignant", *NAMES))
        for crop, fold, p, row in zip(result.crops, result.folds, result.malignancy, result.probabilities, strict=True):
            known = (crop.path.name, crop.kind, crop.patient, crop.lesion, fold, int(crop.malignant))
            writer.writerow((*known, f"{p:.6f}", *(f"{v:.6f}" for v in row)))


def measure(result: OutOfFold) -> list[dict[str, Any]]:
    """Measure the AUC of malignancy by kind, for crops and lesions (the mean logit of their views), and of the kind."""
    truth = np.array([c.malignant for c in result.crops])
    kinds = np.array([c.kind for c in result.crops])
    logits = np.log(result.malignancy / (1 - result.malignancy))
    rows: list[dict[str, Any]] = []

    def add(metric: str, unit: str, of: NDArray[Any], scores: NDArray[Any], patients: list[str]) -> None:
        low, high = patient_bootstrap(lambda i: auc(of[i], scores[i]), patients)
        data = f"CBIS-DDSM crops, {len(np.unique(result.folds))} folds by patient, out of fold"
        row = {"data": data, "metric": metric, "rule": f"{unit}, {len(of)} of {len(set(patients))} patients"}
        rows.append({**row, "value": round(auc(of, scores), 4), "interval_95": [round(low, 4), round(high, 4)]})

    for kind in ("mass", "calcification"):
        own = np.flatnonzero(kinds == kind)
        add(f"AUC, malignant {kind}", "crop", truth[own], logits[own], [result.crops[i].patient for i in own])
        lesions: dict[str, list[int]] = {}
        for i in own:
            lesions.setdefault(result.crops[i].lesion, []).append(int(i))
        members = list(lesions.values())
        add(
            f"AUC, malignant {kind}",
            "lesion",
            np.array([truth[m].any() for m in members]),
            np.array([logits[m].mean() for m in members]),
            [result.crops[m[0]].patient for m in members],
        )
    everyone = [c.patient for c in result.crops]
    add(
        "AUC, calcification or mass",
        "crop",
        kinds == "calcification",
        result.probabilities[:, NAMES.index(CALCIFICATION)],
        everyone,
    )
    return rows


def measure_preparations(results: Sequence[OutOfFold]) -> list[dict[str, Any]]:
    """Measure the AUC by crop and kind for every preparation of the crops, and the accuracy of the kind."""
    rows: list[dict[str, Any]] = []
    for result in results:
        row: dict[str, Any] = {"read": result.preparation}
        for metric in measure(result):
            if metric["rule"].startswith("crop"):
                low, high = metric["interval_95"]
                row[metric["metric"]] = f"{metric['value']:.3f} ({low:.3f} to {high:.3f})"
        rows.append(row)
    return rows


def measure_descriptions(result: OutOfFold) -> list[dict[str, Any]]:
    """Measure the AUC of the auxiliary targets where they are known."""
    weights = np.stack([c.weights for c in result.crops])
    targets = np.stack([c.targets for c in result.crops])
    rows: list[dict[str, Any]] = []
    for i, name in enumerate(NAMES):
        if name in (*ASSESSMENTS, CALLED_BACK) or name.split(":")[0] in GROUPS:
            known = weights[:, i] > 0
            value = auc(targets[known, i], result.probabilities[known, i])
            rows.append({"of": name, "crops": int(known.sum()), "with it": int(targets[known, i].sum()), "AUC": value})
    return rows
