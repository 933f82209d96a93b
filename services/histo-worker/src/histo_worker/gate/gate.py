"""The gate's decision: a support vector machine on `gate_features`, stored as plain numbers in `gate.json`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from histo_worker.gate.features import NAMES, gate_features
from lobule.errors import AnalysisError

RGB8 = NDArray[np.uint8]
Floats = NDArray[np.floating]

GATE_FILE = Path(__file__).parent / "gate.json"
_ARRAYS = ("mean", "deviation", "support", "weights")
_CLIP = 6.0  # standard deviations; larger deviations of a feature add no information


@dataclass(frozen=True)
class InputGate:
    """Scores how much a picture resembles an H&E field.

    Attributes:
        mean: Mean of each feature.
        deviation: Standard deviation of each feature.
        support: Support vectors, standardised, (vectors, features).
        weights: Weights of the support vectors.
        bias: Bias of the score.
        gamma: Parameter of the radial basis function.
        measured: Measurements on pictures outside the fit, for the model card.
    """

    mean: Floats
    deviation: Floats
    support: Floats
    weights: Floats
    bias: float
    gamma: float
    measured: dict[str, Any]

    @classmethod
    def load(cls, file: Path = GATE_FILE) -> "InputGate":
        """Read a gate from JSON.

        Raises:
            AnalysisError: `model_unavailable` if the file is missing or has another version.
        """
        try:
            kept = json.loads(file.read_text("utf-8"))
            if kept["features"] != list(NAMES):
                raise ValueError("other features")
            arrays = {key: np.array(kept[key], np.float64) for key in _ARRAYS}
            return cls(**arrays, bias=kept["bias"], gamma=kept["gamma"], measured=kept["measured"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise AnalysisError("model_unavailable", "gate", problem=str(error)) from None

    def save(self, file: Path = GATE_FILE) -> None:
        """Write the gate as JSON."""
        arrays = {key: np.round(getattr(self, key).astype(np.float64), 5).tolist() for key in _ARRAYS}
        kept = {"features": list(NAMES), "measured": self.measured, "bias": self.bias, "gamma": self.gamma, **arrays}
        file.write_text(json.dumps(kept) + "\n", "utf-8")

    def scores(self, features: Floats) -> Floats:
        """Scores of rows of `gate_features`; a picture with a negative score is refused."""
        x = standardise(features, self.mean, self.deviation)
        distances = ((x[:, None, :] - self.support[None]) ** 2).sum(axis=2)
        return np.exp(-self.gamma * distances) @ self.weights + self.bias

    def check(self, field: RGB8) -> Floats:
        """Refuse a picture that is no field; returns its `gate_features`, which others need, too.

        Raises:
            AnalysisError: `not_histology`, with the kind of the picture if it is recognisable.
        """
        features = gate_features(field)
        if self.scores(features[None])[0] < 0:
            raise AnalysisError("not_histology", _reason(dict(zip(NAMES, features, strict=True))))
        return features


def standardise(features: Floats, mean: Floats, deviation: Floats) -> Floats:
    """Features in deviations from the mean, clipped."""
    return np.clip((features - mean) / deviation, -_CLIP, _CLIP)


def _reason(features: dict[str, np.floating]) -> str:
    if features["tissue"] < 0.05:
        return "blank"
    if features["saturation_p90"] < 0.12:
        return "grey"
    if features["neighbour_luminance"] < 0.5:
        return "noise"
    if features["green_strongest"] < 0.5:
        return "other_stain"
    return "structure"
