"""Density as a model package: a frozen backbone and a linear model on its maps."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from lobule.contracts.manifest import CalibrationSection, Metric, NetworkInput
from lobule.contracts.models import ModelManifest
from lobule.contracts.result import DensityCategory, FilmDensity, Thresholds
from lobule.model_package import ModelPackage, open_package
from lobule_ml.packages import building, write_description, write_weights
from lobule_ml.variables import get_variables, set_variables
from mammo_worker.density.features import CANVAS, build_network, canvas_features, feature_count
from mammo_worker.density.model import DensityModel, category_of
from mammo_worker.films.prepare import PREPROCESSING_VERSION
from mammo_worker.packages import building_network
from mammo_worker.settings import PACKAGES

ARCHITECTURE = "mammo_worker.density"
DEFAULT_PACKAGE = "density-efficientnet-lite0"
_HEAD = "density head/"
"""Prefix of the linear model's arrays, to separate them from those of the backbone."""


class DensityReader:
    """Reads the density of films with a model package.

    Args:
        package: The package.

    Raises:
        AnalysisError: `model_unavailable` if the package does not fit this version of the worker.
    """

    def __init__(self, package: ModelPackage) -> None:
        with building_network(package, ARCHITECTURE) as manifest:
            if manifest.input.get("preprocessing_version") != PREPROCESSING_VERSION:
                raise ValueError(f"its films were prepared by version {manifest.input.get('preprocessing_version')}")
            self._network = build_network(None)
            with np.load(package.weights) as arrays:
                set_variables(self._network, arrays)
                self._model = DensityModel(**{name: arrays[_HEAD + name] for name in DensityModel.ARRAYS})
            if len(self._model.mean) != feature_count(self._network):
                raise ValueError(f"it has {len(self._model.mean)} features, not {feature_count(self._network)}")
        self._name = f"{manifest.name} {manifest.version}"

    def warm_up(self) -> None:
        """Trace the network, so that the first film does not have to wait."""
        self(np.zeros((*CANVAS, 2), np.uint8))

    def __call__(self, canvas: NDArray[np.uint8]) -> FilmDensity:
        """Read the density of a film.

        Args:
            canvas: Canvas (*CANVAS, 2), see `films.prepare`.
        """
        expected = float(self._model.expected(canvas_features(self._network, canvas[None]))[0])
        return FilmDensity(category=self.category(expected), expected=expected, model=self._name)

    def category(self, expected: float) -> DensityCategory:
        """The category of the expected category of a film, or of its mean over the films of a breast."""
        return category_of(expected, self._model.thresholds)


def installed_density(folder: Path = PACKAGES / DEFAULT_PACKAGE) -> DensityReader | None:
    """Load the bundled package; None if none is installed.

    Raises:
        AnalysisError: `model_unavailable` if it is damaged or does not fit this version.
    """
    return DensityReader(open_package(folder)) if folder.is_dir() else None


def breast_density(films: Sequence[FilmDensity | None], thresholds: Sequence[float] | None) -> DensityCategory | None:
    """The category of a breast by the mean over its films.

    Args:
        films: Densities of its films; None for a film without density.
        thresholds: Thresholds between the categories; None if no package is installed.
    """
    known = [film.expected for film in films if film is not None]
    return category_of(float(np.mean(known)), thresholds) if known and thresholds else None


def installed_thresholds(folder: Path = PACKAGES / DEFAULT_PACKAGE) -> tuple[float, ...] | None:
    """The thresholds of the bundled package, without its network; None if none is installed.

    Raises:
        AnalysisError: `model_unavailable` if it is damaged.
    """
    if not folder.is_dir():
        return None
    package = open_package(folder)
    with building(package), np.load(package.weights) as arrays:
        return tuple(float(v) for v in arrays[_HEAD + "thresholds"])


def rounded_network(weights: Path | None) -> keras.Model:
    """The backbone with weights rounded as in a package, which are the measured ones."""
    network = build_network(weights)
    set_variables(network, get_variables(network))
    return network


def write_package(
    folder: Path,
    *,
    version: str,
    network: keras.Model,
    model: DensityModel,
    metrics: Sequence[dict[str, Any]],
    card: str,
) -> ModelManifest:
    """Write the package.

    Args:
        folder: Folder of the package, whose name is the package's.
        version: Version of the package.
        network: The backbone, see `rounded_network`.
        model: Model that was fitted on all patients.
        metrics: Metrics of the folds.
        card: Content of `MODEL_CARD.md`.
    """
    head = {_HEAD + name: getattr(model, name).astype(np.float32) for name in DensityModel.ARRAYS}
    stored = write_weights(folder, {**get_variables(network), **head})
    manifest = ModelManifest(
        name=folder.name,
        version=version,
        modality="mammography",
        architecture={"name": ARCHITECTURE, "canvas": list(CANVAS)},
        input=NetworkInput.model_validate(
            {
                "channels": ["grey", "CLAHE", "CLAHE"],
                "preprocessing": "mammo_worker.films.prepare",
                "preprocessing_version": PREPROCESSING_VERSION,
            }
        ),
        classes=["a", "b", "c", "d"],
        thresholds=Thresholds(low=0.0, high=1.0),
        calibration=CalibrationSection(
            method="thresholds on the expected category",
            description="They give every category the share that it has among CBIS-DDSM's training patients.",
        ),
        weights_file=stored.weights_file,
        weights_sha256=stored.weights_sha256,
        trained_on="CBIS-DDSM's official mass training films, as they are and changed to look digital, "
        "with the density of its tables.",
        licence="Apache-2.0; trained on CC BY 3.0 data, see the attribution.",
        metrics=[Metric.model_validate(_metric(row)) for row in metrics],
    )
    write_description(folder, manifest, card)
    return manifest


def _metric(row: dict[str, Any]) -> dict[str, Any]:
    named = {"data": "CBIS-DDSM, five folds by patient, out of fold", "rule": row["unit"]}
    return {**named, **{name: row[name] for name in ("metric", "value", "interval_95")}}
