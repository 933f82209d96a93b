"""The region classifier as a model package, which is written from folds and a training on all patients."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from lobule.contracts.manifest import CalibrationSection, Metric, NetworkInput
from lobule.contracts.models import ModelManifest
from lobule.contracts.result import Thresholds
from lobule.model_package import ModelPackage, open_package
from lobule_ml.calibration import Logistic, logit
from lobule_ml.packages import write_description, write_weights
from lobule_ml.variables import get_variables, set_variables
from mammo_worker.calibration import sensitivity_threshold, specificity_threshold
from mammo_worker.packages import building_network
from mammo_worker.regions.evaluate import OutOfFold
from mammo_worker.regions.inference import classify
from mammo_worker.regions.names import KINDS, Kind
from mammo_worker.regions.network import RegionModel, RegionNetwork
from mammo_worker.regions.prepare import PreparedRegion
from mammo_worker.regions.targets import CALCIFICATION, MALIGNANT, NAMES, malignancy
from mammo_worker.settings import PACKAGES

ARCHITECTURE = "mammo_worker.regions"
DEFAULT_PACKAGE = "regions-efficientnet-lite0"
LOW_SENSITIVITY, HIGH_SPECIFICITY = 0.95, 0.90


@dataclass(frozen=True)
class Opinion:
    """The classifier's opinion of a region.

    Attributes:
        kind: The more likely kind.
        probability_kind: Probability of this kind.
        probability_malignant: Calibrated probability of malignancy.
    """

    kind: Kind
    probability_kind: float
    probability_malignant: float


def calibrated(probabilities: NDArray[np.floating], by_kind: dict[Kind, Logistic]) -> NDArray[np.float64]:
    """Calibrate the malignancy of either kind in probabilities (N, len(NAMES))."""
    out = np.array(probabilities, np.float64)
    for kind, logistic in by_kind.items():
        at = NAMES.index(MALIGNANT[kind])
        out[:, at] = logistic(logit(out[:, at]))
    return out


def fit_calibration(result: OutOfFold) -> tuple[dict[Kind, Logistic], Thresholds]:
    """Fit Platt's method by kind on out-of-fold predictions, and thresholds on the calibrated probability."""
    kinds = np.array([c.kind for c in result.crops])
    truth = np.array([c.malignant for c in result.crops])
    by_kind: dict[Kind, Logistic] = {
        kind: Logistic.fit(
            logit(result.probabilities[kinds == kind, NAMES.index(MALIGNANT[kind])]), truth[kinds == kind]
        )
        for kind in KINDS
    }
    p = malignancy(calibrated(result.probabilities, by_kind)).tolist()
    low = sensitivity_threshold(p, truth.tolist(), LOW_SENSITIVITY)
    high = specificity_threshold(p, truth.tolist(), HIGH_SPECIFICITY)
    return by_kind, Thresholds(low=min(low, high), high=max(low, high), finding=0.0)


def write_package(
    folder: Path,
    *,
    version: str,
    network: RegionNetwork,
    whole: keras.Model,
    result: OutOfFold,
    metrics: Sequence[dict[str, Any]],
    card: str,
) -> ModelManifest:
    """Write the package.

    Args:
        folder: Folder of the package, whose name is the package's.
        version: Version of the package.
        network: Architecture of `whole`.
        whole: `RegionModel.whole`, trained on all patients.
        result: Predictions of the folds, for calibration and thresholds.
        metrics: Metrics of the folds.
        card: Content of `MODEL_CARD.md`.
    """
    stored = write_weights(folder, get_variables(whole))
    by_kind, thresholds = fit_calibration(result)
    manifest = ModelManifest(
        name=folder.name,
        version=version,
        modality="mammography",
        architecture={"name": ARCHITECTURE, "network": asdict(network)},
        input=NetworkInput(channels=["grey", "stretched", "fine detail"], preprocessing="mammo_worker.regions.prepare"),
        classes=["benign", "malignant"],
        thresholds=thresholds,
        calibration=CalibrationSection.model_validate(
            {
                "method": "logistic regression by kind",
                "description": "Logistic regression by kind on out-of-fold outputs of CBIS-DDSM's training patients.",
                **{kind: asdict(logistic) for kind, logistic in by_kind.items()},
            }
        ),
        weights_file=stored.weights_file,
        weights_sha256=stored.weights_sha256,
        trained_on="Lesions of CBIS-DDSM's official training films, masses and calcifications, at native resolution.",
        licence="Apache-2.0; trained on CC BY 3.0 data, see the attribution.",
        metrics=[Metric.model_validate(row) for row in metrics],
    )
    write_description(folder, manifest, card)
    return manifest


class RegionReader:
    """Classifies regions with a package.

    Args:
        package: A verified model package.

    Raises:
        AnalysisError: `model_unavailable` if this version of the worker cannot run it.
    """

    def __init__(self, package: ModelPackage) -> None:
        with building_network(package, ARCHITECTURE) as manifest:
            network = RegionNetwork(**manifest.architecture["network"])
            self._whole = RegionModel(network).whole
            with np.load(package.weights) as weights:
                set_variables(self._whole, weights)
            values = manifest.calibration
            self._by_kind: dict[Kind, Logistic] = {
                k: Logistic(tuple(values[k]["weights"]), values[k]["bias"]) for k in KINDS
            }
        self.manifest = manifest
        self.side = network.side

    def __call__(self, regions: Sequence[PreparedRegion]) -> list[Opinion]:
        """Classify regions that were prepared at `side`."""
        if not regions:
            return []
        probabilities = calibrated(classify(self._whole, regions), self._by_kind)
        calcification = probabilities[:, NAMES.index(CALCIFICATION)]
        return [
            Opinion("calcification" if c >= 0.5 else "mass", float(max(c, 1 - c)), float(p))
            for c, p in zip(calcification, malignancy(probabilities), strict=True)
        ]


def installed_reader() -> RegionReader:
    """Load the bundled classifier.

    Raises:
        AnalysisError: `model_unavailable` if it is missing, damaged, or its weights are not the measured ones.
    """
    return RegionReader(open_package(PACKAGES / DEFAULT_PACKAGE))
