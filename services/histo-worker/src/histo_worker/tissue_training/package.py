"""Writes the tissue package: weights, statistics of the training tissue, calibration, figures and card."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from histo_worker.evaluation.calibration import PlattCalibration
from histo_worker.tissue.network import SIDE, UM_PER_PIXEL
from histo_worker.tissue.out_of_distribution import FAR, fit_training_tissue
from histo_worker.tissue.statistics import square_statistics
from histo_worker.tissue_training.learning import Floats, TissueConfig, squares_of
from histo_worker.tissue_training.samples import Sample
from lobule import RESEARCH_USE_ONLY
from lobule.contracts.manifest import CalibrationSection, Metric, NetworkInput
from lobule.contracts.models import ModelManifest
from lobule.contracts.result import Thresholds
from lobule.model_package import ModelPackage
from lobule_ml.calibration import Logistic
from lobule_ml.evaluation.statistics import auc, dice, expected_calibration_error, patient_bootstrap
from lobule_ml.packages import write_description, write_weights
from lobule_ml.variables import get_variables

NAME, VERSION = "tissue-lite0", "1.2.0"
_ROUNDS = 300


def calibrate(samples: Sequence[Sample], logits: Floats) -> PlattCalibration:
    """Fit probabilities on patches of IDC, which are labelled square by square.

    Raises:
        ValueError: The samples contain no patch of IDC.
    """
    chosen = [i for i, s in enumerate(samples) if s.laboratory == "idc"]
    if not chosen:
        raise ValueError("probabilities of carcinoma are fitted on patches of IDC, but the samples contain none")
    fitted = Logistic.fit(logits[chosen][:, None], np.array([samples[i].target for i in chosen]), rising=True)
    return PlattCalibration(fitted.weights[0], fitted.bias)


def best_mark(samples: Sequence[Sample], probability: Floats) -> float:
    """The probability threshold for marking patches of IDC with the largest mean Dice over patients.

    A map is of one patient, so patients count alike. Patients without carcinoma, or with nothing else, are left out.
    """
    chosen = [i for i, s in enumerate(samples) if s.laboratory == "idc"]
    truth, p = np.array([bool(samples[i].target) for i in chosen]), probability[chosen]
    patient = np.array([samples[i].patient for i in chosen])
    each = [patient == name for name in sorted(set(patient.tolist()))]
    mixed = [one for one in each if truth[one].any() and not truth[one].all()]

    def mean_dice(mark: float) -> float:
        return float(np.mean([dice(truth[one], p[one] >= mark) for one in mixed]))

    return max((round(float(mark), 2) for mark in np.linspace(0.05, 0.95, 91)), key=mean_dice)


def measure(
    samples: Sequence[Sample], logits: Floats, protocol: str, calibration: PlattCalibration | None = None
) -> list[Metric]:
    """Compute the AUC of each source and, with a calibration, its error on IDC, with intervals over patients."""
    metrics: list[Metric] = []
    for source in sorted({s.source for s in samples}):
        chosen = np.array([i for i, s in enumerate(samples) if s.source == source])
        target = np.array([samples[i].target for i in chosen], np.float64)
        patients = np.array([samples[i].patient for i in chosen])
        score = logits[chosen]
        statistics: dict[str, Callable[[NDArray[np.integer]], float]] = {
            "image_auc": partial(_of, auc, target, score),
        }
        if source == "idc" and calibration is not None:
            statistics["image_ece"] = partial(_of, expected_calibration_error, target, calibration(score))
        split = f"{source}: {len(chosen)} fields of {len(set(patients.tolist()))} patients"
        for name, statistic in statistics.items():
            value = statistic(np.arange(len(chosen)))
            interval = patient_bootstrap(statistic, patients, rounds=_ROUNDS)
            row = {"name": name, "magnification": source, "split": split, "protocol": protocol}
            metrics.append(Metric.model_validate(row | {"value": round(value, 4), "interval": interval}))
    return metrics


def _of(
    statistic: Callable[[ArrayLike, ArrayLike], float], target: Floats, values: Floats, chosen: NDArray[np.integer]
) -> float:
    """A statistic of some samples."""
    return statistic(target[chosen], values[chosen])


def write_tissue_package(
    net: keras.Model, samples: Sequence[Sample], logits: Floats, folder: Path, config: TissueConfig, licence: str
) -> ModelManifest:
    """Write the package of a network.

    Args:
        net: Network that was trained on all samples.
        samples: Its training samples.
        logits: Logits of the samples by networks that were not trained on their patients.
        folder: Folder of the package.
        config: Training configuration.
        licence: Licence of the weights.
    """
    calibration = calibrate(samples, logits)
    mark_from = best_mark(samples, calibration(logits))
    protocol = (
        f"{config.folds} folds by patient over all sources, seed {config.seed}; the most suspicious square counts"
    )
    counts = Counter(s.source for s in samples)
    patients = {name: len({s.patient for s in samples if s.source == name}) for name in counts}
    trained_on = "; ".join(f"{n}: {counts[n]} fields of {patients[n]} patients" for n in sorted(counts))
    return _write(net, folder, config, licence, calibration, measure(samples, logits, protocol, calibration),
                  mark_from, trained_on, training_arrays(samples))  # fmt: skip


def training_arrays(samples: Sequence[Sample]) -> dict[str, Any]:
    """Statistics of the training tissue, as arrays for the package."""
    squares = [square_statistics(s) for s in squares_of(samples)]
    known = [i for i, s in enumerate(squares) if len(s)]
    tissue = fit_training_tissue(
        [squares[i] for i in known],
        np.stack([samples[i].features for i in known]),
        [samples[i].source for i in known],
        [f"{samples[i].laboratory} {samples[i].patient}" for i in known],
    )
    return tissue.arrays()


def _write(
    net: keras.Model, folder: Path, config: TissueConfig, licence: str, calibration: PlattCalibration,
    metrics: list[Metric], mark_from: float, trained_on: str, arrays: dict[str, Any],
) -> ModelManifest:  # fmt: skip
    stored = write_weights(folder, get_variables(net) | arrays)
    manifest = ModelManifest(
        name=NAME,
        version=VERSION,
        modality="histopathology",
        architecture={"name": "tissue_network", "backbone": config.backbone},
        input=NetworkInput.model_validate({"size": SIDE, "um_per_pixel": UM_PER_PIXEL}),
        classes=["no carcinoma", "carcinoma"],
        thresholds=Thresholds(low=0.0, high=1.0),
        calibration=CalibrationSection.model_validate(
            {
                "method": "platt",
                "slope": calibration.slope,
                "intercept": calibration.intercept,
                "mark_from": mark_from,
                "description": "Platt scaling on out-of-fold logits of IDC's patches",
            }
        ),
        weights_file=stored.weights_file,
        weights_sha256=stored.weights_sha256,
        trained_on=trained_on,
        licence=licence,
        metrics=metrics,
    )
    write_description(folder, manifest, _card(manifest))
    return manifest


def refit_training_tissue(package: ModelPackage, samples: Sequence[Sample], folder: Path) -> ModelManifest:
    """Write a package with the network of another, and the statistics of the training tissue fitted anew.

    Args:
        package: The other package.
        samples: The samples that its network was trained on.
        folder: Folder of the new package.
    """
    with np.load(package.weights) as archive:
        kept = {name: archive[name] for name in archive.files if not name.startswith("training/")}
    stored = write_weights(folder, kept | training_arrays(samples))
    manifest = package.manifest.model_copy(update={"version": VERSION, **stored._asdict()})
    write_description(folder, manifest, _card(manifest))
    return manifest


def _card(manifest: ModelManifest) -> str:
    table = "\n".join(
        f"| {m.magnification} | {m.title.replace('_', ' ')} | {m.value:.3f} | {low:.3f} to {high:.3f} |"
        for m in manifest.metrics
        for low, high in [m.interval or (0.0, 0.0)]
    )
    return f"""# {manifest.name} {manifest.version}

{RESEARCH_USE_ONLY}

**What it does.** Says where on a field of breast tissue stained with haematoxylin and eosin invasive carcinoma is
likely, and how unlike the tissue is to that which it learned from. It does not replace the classifier of fields.

**How.** Squares of {SIDE} pixels at {UM_PER_PIXEL:g} micrometres a pixel go through the first blocks of
{manifest.architecture["backbone"]} (ImageNet weights; Apache-2.0), trained with other dyes, light, sharpness,
compression and scale. Its map's mean is the square's logit. A field is unlike the training tissue where the
Mahalanobis distance to the nearest source, of statistics of its squares' dyes and texture or of the gate's features of
the field, is larger than for {FAR:.0%} of the fields of each source.

**Trained on.** {manifest.trained_on}.
IDC (Cruz-Roa et al., SPIE 2014; Janowczyk & Madabhushi, JPI 2016): public, for academic use. BreakHis (Spanhol et al.,
IEEE TBME 2016): free for research. Licence of the weights: {manifest.licence}.

## Measured on patients that were left out

{manifest.metrics[0].protocol if manifest.metrics else ""}; 95 % bootstrap intervals over patients.

| source | metric | value | 95 % interval |
| --- | --- | --- | --- |
{table}

## Limits

- Two laboratories. On a laboratory that it did not learn from it is much worse: see docs/results/tissue-tried.md.
- In-situ carcinoma and benign proliferation count as no carcinoma, and are where it errs most.
- Fields of BreakHis are labelled as a whole; only IDC says where the carcinoma is.
"""
