"""Writes the tissue package: weights, statistics of the training tissue, calibration, figures and card."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from histo_worker.evaluation.calibration import PlattCalibration
from histo_worker.tissue.coarse import is_coarse
from histo_worker.tissue.network import SIDE, UM_PER_PIXEL
from histo_worker.tissue.out_of_distribution import FAR, fit_training_tissue
from histo_worker.tissue.statistics import square_statistics
from histo_worker.tissue_training.coarse import coarse_head, fit_coarse
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

NAME, VERSION = "tissue-lite0", "1.3.0"
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


class _Fitted(NamedTuple):
    """What a package holds beside its network."""

    calibration: CalibrationSection
    metrics: list[Metric]
    arrays: dict[str, Any]


def _fit(samples: Sequence[Sample], logits: Floats, config: TissueConfig) -> _Fitted:
    """Fit everything but the network.

    Args:
        samples: The training samples.
        logits: Logits of the samples by networks that were not trained on their patients.
        config: Training configuration.
    """
    calibration = calibrate(samples, logits)
    model, added = fit_coarse(samples, config)
    together = calibrate(samples, logits + added)
    head = coarse_head(model, calibration, together)
    coarse = np.array([is_coarse(s.um_per_pixel) for s in samples])
    on_scale = (together.slope * (logits + added) + together.intercept - calibration.intercept) / calibration.slope
    scores = np.where(coarse, on_scale, logits)
    protocol = (
        f"{config.folds} folds by patient over all sources, seed {config.seed}; the most suspicious square counts"
    )
    section = CalibrationSection.model_validate(
        {
            "method": "platt",
            "slope": calibration.slope,
            "intercept": calibration.intercept,
            "mark_from": best_mark(samples, calibration(scores)),
            "description": "Platt scaling on out-of-fold logits of IDC's patches",
        }
    )
    metrics = measure(samples, scores, protocol, calibration)
    return _Fitted(section, metrics, head.arrays() | training_arrays(samples))


def write_tissue_package(
    net: keras.Model, samples: Sequence[Sample], logits: Floats, folder: Path, config: TissueConfig, licence: str
) -> ModelManifest:
    """Write the package of a network.

    Args:
        net: Network that was trained on all samples.
        samples: Training samples of the network.
        logits: Logits of the samples by networks that were not trained on their patients.
        folder: Folder of the package.
        config: Training configuration.
        licence: Licence of the weights.
    """
    fitted = _fit(samples, logits, config)
    counts = Counter(s.source for s in samples)
    patients = {name: len({s.patient for s in samples if s.source == name}) for name in counts}
    stored = write_weights(folder, get_variables(net) | fitted.arrays)
    manifest = ModelManifest(
        name=NAME,
        version=VERSION,
        modality="histopathology",
        architecture={"name": "tissue_network", "backbone": config.backbone},
        input=NetworkInput.model_validate({"size": SIDE, "um_per_pixel": UM_PER_PIXEL}),
        classes=["no carcinoma", "carcinoma"],
        thresholds=Thresholds(low=0.0, high=1.0),
        calibration=fitted.calibration,
        weights_file=stored.weights_file,
        weights_sha256=stored.weights_sha256,
        trained_on="; ".join(f"{n}: {counts[n]} fields of {patients[n]} patients" for n in sorted(counts)),
        licence=licence,
        metrics=fitted.metrics,
    )
    write_description(folder, manifest, _card(manifest))
    return manifest


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


def refit_tissue_package(
    package: ModelPackage, samples: Sequence[Sample], logits: Floats, folder: Path, config: TissueConfig
) -> ModelManifest:
    """Write a package with the network of another, and everything else fitted anew.

    Args:
        package: The other package.
        samples: The samples that its network was trained on.
        logits: Logits of the samples by networks that were not trained on their patients.
        folder: Folder of the new package.
        config: Training configuration of the network.
    """
    fitted = _fit(samples, logits, config)
    with np.load(package.weights) as archive:
        kept = {name: archive[name] for name in archive.files if not name.startswith(("training/", "coarse/"))}
    stored = write_weights(folder, kept | fitted.arrays)
    changed = {"version": VERSION, "calibration": fitted.calibration, "metrics": fitted.metrics}
    manifest = package.manifest.model_copy(update=changed | stored._asdict())
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
compression and scale. Its map's mean is the square's logit. For fields of {UM_PER_PIXEL:g} micrometres a pixel and
coarser, such as the patches of IDC, a logistic regression on statistics of the square's dyes and texture is added. A
field is unlike the training tissue where the Mahalanobis distance to the nearest source, of these statistics or of the
gate's features of the field, is larger than for {FAR:.0%} of the fields of each source.

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
