"""The fitted models of examinations: JSON files beside this module, each with a description of its fit.

`pairs.json` determines how likely two findings are one lesion, `breast.json` how suspicious a breast is, and
`scale.json` how frequent a suspicion is in a population. If a file is missing, a plain rule replaces it.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lobule.contracts.result import Thresholds
from lobule.errors import AnalysisError
from lobule_ml.calibration import Logistic
from mammo_worker.density.package import installed_thresholds
from mammo_worker.examination.pairing import FEATURES
from mammo_worker.examination.scale import Population, populations_of
from mammo_worker.examination.suspicion import BreastModel
from mammo_worker.settings import MammoSettings

FOLDER = Path(__file__).parent / "models"


@dataclass(frozen=True)
class ExaminationModels:
    """The fitted models of an examination.

    Attributes:
        pairs: Maps `pairing.pair_features` to the probability of one lesion; None to pair no findings.
        breast: Model of a breast; None for the rule of docs/case-assessment.md.
        thresholds: Thresholds of the breast's number; None without `breast`.
        film_numbers: The film's number in the breast's model: the film's own, or that of its strongest finding.
        populations: Populations by name; empty without a reference.
        density: Thresholds between the density categories; None without a density package.
    """

    pairs: Logistic | None = None
    breast: BreastModel | None = None
    thresholds: Thresholds | None = None
    film_numbers: Literal["films", "findings"] = "films"
    populations: tuple[Population, ...] = ()
    density: tuple[float, ...] | None = None


def installed_models(folder: Path = FOLDER) -> ExaminationModels:
    """Read the installed models.

    Raises:
        AnalysisError: `model_unavailable` if a file is damaged or has another version.
    """
    try:
        pairs, breast, scale = (_read(folder / f"{name}.json") for name in ("pairs", "breast", "scale"))
        return ExaminationModels(
            pairs=None if pairs is None else _pairs(pairs),
            breast=None if breast is None else BreastModel.from_dict(breast["model"]),
            thresholds=None if breast is None else Thresholds.model_validate(breast["thresholds"]),
            film_numbers="films" if breast is None or breast["film_numbers"] == "films" else "findings",
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
