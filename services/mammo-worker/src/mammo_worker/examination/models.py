"""The fitted models of examinations.

`models/pairs.json`, beside this module, determines how likely two findings are one lesion. How suspicious a breast is,
and how frequent a suspicion is in a population, is part of the detector's package, with which it was calibrated. If a
part is missing, a plain rule replaces it.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lobule.contracts.models import ModelManifest
from lobule.contracts.result import Result
from lobule.errors import AnalysisError
from lobule.model_package import open_package
from lobule_ml.calibration import Logistic
from mammo_worker.density.package import installed_thresholds
from mammo_worker.examination.pairing import FEATURES
from mammo_worker.examination.scale import Population, populations_of
from mammo_worker.settings import MammoSettings
from mammo_worker.suspicion.breast import BreastCalibration

FOLDER = Path(__file__).parent / "models"


@dataclass(frozen=True)
class ExaminationModels:
    """The fitted models of an examination.

    Attributes:
        pairs: Maps `pairing.pair_features` to the probability of one lesion; None to pair no findings.
        breast: Calibration of breasts; None for the rule of docs/case-assessment.md.
        detector: Name and version of the package whose results `breast` reads.
        populations: Populations by name; empty without a reference.
        density: Thresholds between the density categories; None without a density package.
    """

    pairs: Logistic | None = None
    breast: BreastCalibration | None = None
    detector: tuple[str, str] = ("", "")
    populations: tuple[Population, ...] = ()
    density: tuple[float, ...] | None = None

    def breast_for(self, results: Iterable[Result]) -> BreastCalibration | None:
        """The calibration of a breast with these films; None if other versions, with other numbers, made a result."""
        same = all((result.model.name, result.model.version) == self.detector for result in results)
        return self.breast if same else None


def installed_models(folder: Path = FOLDER, manifest: ModelManifest | None = None) -> ExaminationModels:
    """Read the installed models.

    Args:
        folder: Folder of `pairs.json`.
        manifest: Manifest of the detector's package; by default that of the installed one.

    Raises:
        AnalysisError: `model_unavailable` if a file is damaged or has another version.
    """
    package = manifest or open_package(MammoSettings().package).manifest
    of_package = package.calibration.values()
    try:
        pairs = _read(folder / "pairs.json")
        breast, scale = of_package.get("breast"), of_package.get("scale")
        return ExaminationModels(
            pairs=None if pairs is None else _pairs(pairs),
            breast=None if breast is None else BreastCalibration.from_dict(breast),
            detector=(package.name, package.version),
            populations=() if scale is None else populations_of(scale, MammoSettings().prevalence),
            density=installed_thresholds(),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise AnalysisError("model_unavailable", "examination", folder=folder.name, problem=str(error)) from None


def write_model(path: Path, values: dict[str, Any]) -> None:
    """Write a fitted model with the description of its fit."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, indent=1) + "\n", "utf-8")


def _read(path: Path) -> dict[str, Any] | None:
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def _pairs(values: dict[str, Any]) -> Logistic:
    if tuple(values["features"]) != FEATURES:
        raise ValueError("the pair model has other features than this version")
    return Logistic(tuple(float(w) for w in values["weights"]), float(values["bias"]))
