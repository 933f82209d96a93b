"""The network of the search as a model package, which is written from the folds and a training on all patients."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras

from lobule.contracts.manifest import CalibrationSection, Metric, NetworkInput
from lobule.contracts.models import ModelManifest
from lobule.contracts.result import Thresholds
from lobule.model_package import open_package
from lobule_ml.calibration import Logistic
from lobule_ml.packages import half_precision, in_order, write_description, write_weights
from mammo_worker.calcifications.plan import SearchPlan
from mammo_worker.calcifications.search import ARCHITECTURE, CalcificationSearch
from mammo_worker.regions.package import installed_reader
from mammo_worker.settings import PACKAGES

DEFAULT_PACKAGE = "calcifications-search"


def write_package(
    folder: Path,
    *,
    version: str,
    plan: SearchPlan,
    network: keras.Model,
    calibration: Logistic,
    metrics: Sequence[dict[str, Any]],
    card: str,
) -> ModelManifest:
    """Write the package.

    Args:
        folder: Folder of the package, whose name is the package's.
        version: Version of the package.
        plan: Plan of the network.
        network: The network, trained on all patients.
        calibration: The probability of a cluster by its score, see `evaluate.fit_calibration`.
        metrics: Metrics of the folds.
        card: Content of `MODEL_CARD.md`.
    """
    stored = write_weights(folder, in_order(half_precision(network.get_weights())))
    manifest = ModelManifest(
        name=folder.name,
        version=version,
        modality="mammography",
        architecture={"name": ARCHITECTURE, "widths": list(plan.widths)},
        input=NetworkInput(channels=["detail", "fine detail"], preprocessing="mammo_worker.calcifications.network"),
        classes=["calcification"],
        thresholds=Thresholds(low=0.0, high=1.0),
        calibration=CalibrationSection.model_validate(
            {
                "method": "logistic regression",
                "description": "Logistic regression on out-of-fold clusters, for films that show one group each.",
                "cluster": asdict(calibration),
            }
        ),
        weights_file=stored.weights_file,
        weights_sha256=stored.weights_sha256,
        trained_on="Crops of CBIS-DDSM's official training films at native resolution: groups of calcifications, and "
        "masses on which no calcifications were seen.",
        licence="Apache-2.0; trained on CC BY 3.0 data, see the attribution.",
        metrics=[Metric.model_validate(row) for row in metrics],
    )
    write_description(folder, manifest, card)
    return manifest


def installed_search() -> CalcificationSearch:
    """Load the bundled search and the bundled classifier of regions.

    Raises:
        AnalysisError: `model_unavailable` if one of them is missing or damaged.
    """
    return CalcificationSearch(open_package(PACKAGES / DEFAULT_PACKAGE), installed_reader())
