"""Model packages of this worker: finds the one in use, writes packages, and builds networks from them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.manifest import CalibrationSection, Metric, NetworkInput
from lobule.contracts.models import ModelManifest
from lobule.contracts.result import Thresholds
from lobule.model_package import ModelPackage, open_package
from lobule_ml.packages import building, half_precision, in_order, read_weights, write_description, write_weights
from mammo_worker.calibration import Calibration
from mammo_worker.films.prepare import PREPROCESSING_VERSION
from mammo_worker.inference import Detector, VariantNetwork
from mammo_worker.nn.config import MaskRCNNConfig, TestTimeVariant
from mammo_worker.nn.fold import fold
from mammo_worker.nn.mask_rcnn import MaskRCNN
from mammo_worker.nn.stored_config import read_config as read_stored_config
from mammo_worker.settings import MammoSettings

ARCHITECTURE = "mammo_worker.mask_rcnn"


def package_folder() -> Path:
    """The folder of the package to load, see `MammoSettings`."""
    return MammoSettings().package


def installed_package() -> ModelPackage:
    """Open and verify the package in use.

    Raises:
        AnalysisError: `model_unavailable` if it is missing, damaged, or its weights are not the measured ones.
    """
    return open_package(package_folder())


@contextmanager
def building_network(package: ModelPackage, architecture: str) -> Iterator[ModelManifest]:
    """Build a network from a package's manifest as in `building`, and check the package's architecture.

    Raises:
        AnalysisError: `model_unavailable` if it is another one, or does not fit this version of the worker.
    """
    with building(package):
        if package.manifest.architecture.get("name") != architecture:
            raise ValueError(f"its architecture is {package.manifest.architecture.get('name')!r}")
        yield package.manifest


def build_model(config: MaskRCNNConfig, weights: list[NDArray[Any]]) -> MaskRCNN:
    """Build a network with given weights for detection.

    Raises:
        ValueError: The weights are those of another network.
    """
    model = MaskRCNN(config)
    model.set_weights([w.astype(np.float32) for w in weights])
    return model


def build_detector(
    config: MaskRCNNConfig, weights: list[NDArray[Any]], variants: Sequence[TestTimeVariant]
) -> Detector:
    """Build a detector that analyses each film in all of these variants.

    Args:
        config: Configuration of every network.
        weights: Weights of the networks of the variants, one network after another.
        variants: Variants in which each film is analysed.

    Raises:
        ValueError: The weights are those of another network, or of another number of networks.
    """
    each = networks_of(weights, variants)
    networks: dict[int, MaskRCNN] = {}
    model = MaskRCNN(config)  # built once, because that takes longer than `fold`, which copies it
    for n in dict.fromkeys(variant.network for variant in variants):
        model.set_weights([w.astype(np.float32) for w in each[n]])
        parts = fold(model).parts
        if networks:
            parts = replace(parts, trunk=parts.trunk.sharing(next(iter(networks.values())).parts.trunk))
        networks[n] = MaskRCNN(config, parts=parts)
    needed = dict.fromkeys((variant.network, variant.canvas) for variant in variants)
    models = {(n, size): networks[n].at_canvas(size) for n, size in needed}
    return Detector([VariantNetwork(models[v.network, v.canvas], v.upside_down, v.purpose) for v in variants])


def networks_of(weights: list[NDArray[Any]], variants: Sequence[TestTimeVariant]) -> list[list[NDArray[Any]]]:
    """Split the arrays into those of the networks that the variants refer to.

    Raises:
        ValueError: The arrays cannot be divided among the networks.
    """
    count = 1 + max((variant.network for variant in variants), default=0)
    size, rest = divmod(len(weights), count)
    if rest:
        raise ValueError(f"{len(weights)} arrays cannot be divided among {count} networks")
    return [weights[n * size : (n + 1) * size] for n in range(count)]


def read_config(package: ModelPackage) -> MaskRCNNConfig:
    """Read the network configuration of a package.

    Raises:
        KeyError, TypeError, ValueError: The package is not one of this worker.
    """
    architecture = package.manifest.architecture
    if architecture.get("name") != ARCHITECTURE:
        raise ValueError(f"its architecture is {architecture.get('name')!r}")
    return read_stored_config(architecture["config"])


def load_detector(package: ModelPackage) -> Detector:
    """Build the detector of a package with all its variants.

    Raises:
        AnalysisError: `model_unavailable` if this version of the worker cannot run it.
    """
    with building(package):
        config = read_config(package)
        return build_detector(config, read_weights(package.weights), read_variants(package.manifest))


def read_networks(package: ModelPackage) -> list[list[NDArray[Any]]]:
    """Read the arrays of each network of a package.

    Raises:
        KeyError, TypeError, ValueError: The package does not fit this version of the worker.
    """
    return networks_of(read_weights(package.weights), read_variants(package.manifest))


def read_variants(manifest: ModelManifest) -> list[TestTimeVariant]:
    """Read the variants in which a package analyses each film.

    Raises:
        KeyError, TypeError, ValueError: The manifest has another format than this version.
    """
    return [TestTimeVariant(**view) for view in manifest.input["views"]]


def write_package(
    folder: Path,
    *,
    version: str,
    config: MaskRCNNConfig,
    variants: Sequence[TestTimeVariant],
    weights: list[NDArray[Any]],
    calibration: Calibration,
    calibrated_on: str,
    thresholds: Thresholds,
    breasts: Mapping[str, Any] | None = None,
    trained_on: str,
    licence: str,
    metrics: list[dict[str, Any]],
    card: str,
) -> ModelManifest:
    """Write a model package of the detector.

    Args:
        folder: Folder to write; its name is the package's.
        version: Version of the package.
        config: Configuration of the networks.
        variants: Test-time variants.
        weights: Arrays of all networks.
        calibration: Calibration of films and findings.
        calibrated_on: The films of the calibration, in words.
        thresholds: Thresholds of films.
        breasts: What the package holds of breasts (`Fitted.of_breasts`).
        trained_on: The training data, in words.
        licence: Licence of the weights.
        metrics: Measured figures.
        card: Model card.
    """
    stored = write_weights(folder, in_order(half_precision(weights)))
    manifest = ModelManifest(
        name=folder.name,
        version=version,
        modality="mammography",
        architecture={"name": ARCHITECTURE, "config": config.to_dict()},
        input=NetworkInput.model_validate(
            {
                "channels": ["grey", "CLAHE"],
                "preprocessing": "mammo_worker.films.prepare",
                "preprocessing_version": PREPROCESSING_VERSION,
                "views": [asdict(variant) for variant in variants],
            }
        ),
        classes=["benign", "malignant"],
        thresholds=thresholds,
        calibration=CalibrationSection.model_validate(
            {
                "method": "logistic regression",
                "description": f"Logistic regression on {calibrated_on}.",
                **calibration.to_dict(),
                **(breasts or {}),
            }
        ),
        weights_file=stored.weights_file,
        weights_sha256=stored.weights_sha256,
        trained_on=trained_on,
        licence=licence,
        metrics=[Metric.model_validate(row) for row in metrics],
    )
    write_description(folder, manifest, card)
    return manifest
