"""What was fitted for examinations: JSON files beside this module, each with what it was fitted on.

`pairs.json` says how likely two findings are one lesion, `breast.json` how suspicious a breast is, `scale.json` how
common a suspicion is in a population. A file that is not there leaves its part to a plain rule.
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
    """The fitted parts of an examination.

    Attributes:
        pairs: From `pairing.pair_features` to the probability of one lesion; None: findings are not paired.
        breast: None: the rule of docs/case-assessment.md.
        thresholds: Of the breast's number; None without `breast`.
        film_numbers: What the breast's model takes for a film's number: the film's own, or its strongest finding's.
        populations: By name; empty where no reference is known.
        density: Thresholds between the categories of density; None where no package reads it.
    """

    pairs: Logistic | None = None
    breast: BreastModel | None = None
    thresholds: Thresholds | None = None
    film_numbers: Literal["films", "findings"] = "films"
    populations: tuple[Population, ...] = ()
    density: tuple[float, ...] | None = None


def installed_models(folder: Path = FOLDER) -> ExaminationModels:
    """Read what is installed.

    Raises:
        AnalysisError: `model_unavailable` where a file is damaged, or of another version.
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
    """Write a fitted part with what it was fitted on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, indent=1) + "\n", "utf-8")


def _read(path: Path) -> dict[str, Any] | None:
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def _pairs(values: dict[str, Any]) -> Logistic:
    if tuple(values["features"]) != FEATURES:
        raise ValueError("pairs are compared by other features")
    return Logistic(tuple(float(w) for w in values["weights"]), float(values["bias"]))
