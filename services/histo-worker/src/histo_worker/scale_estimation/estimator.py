"""The estimator: linear discriminant analysis of the features of a field, stored as plain numbers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from histo_worker.scale import UM_OF_MAGNIFICATION
from histo_worker.scale_estimation.features import ScaleFeatures, digest_of, is_of_the_camera
from lobule.errors import AnalysisError

RGB8 = NDArray[np.uint8]
Floats = NDArray[np.floating]

ESTIMATOR_FILE = Path(__file__).parent / "estimator.npz"
_ARRAYS = ("mean", "deviation", "weights", "bias")


@dataclass(frozen=True)
class ScaleEstimator:
    """Says which of the scales of BreakHis' camera a field has (docs/results/tissue-tried.md).

    Attributes:
        mean: Mean of each feature.
        deviation: Standard deviation of each feature.
        weights: Weights of the standardised features, (scales, features).
        bias: Bias of each scale, (scales,).
        backbone: `digest_of` the backbone on whose features it was fitted.
    """

    mean: Floats
    deviation: Floats
    weights: Floats
    bias: Floats
    backbone: str

    @classmethod
    def load(cls, file: Path = ESTIMATOR_FILE) -> "ScaleEstimator":
        """Read an estimator.

        Raises:
            AnalysisError: `model_unavailable` if the file is missing or has another form.
        """
        try:
            with np.load(file) as kept:
                return cls(**{name: kept[name] for name in _ARRAYS}, backbone=str(kept["backbone"]))
        except (OSError, ValueError, KeyError) as error:
            raise AnalysisError("model_unavailable", "scale_estimator", problem=str(error)) from None

    def save(self, file: Path = ESTIMATOR_FILE) -> None:
        """Write the estimator."""
        arrays: dict[str, Any] = {name: getattr(self, name).astype(np.float32) for name in _ARRAYS}
        np.savez_compressed(file, **arrays, backbone=self.backbone)

    def um_per_pixel(self, features: Floats) -> float:
        """Micrometres per pixel of a field with features (features,)."""
        scores = self.weights @ ((features - self.mean) / self.deviation) + self.bias
        return list(UM_OF_MAGNIFICATION.values())[int(scores.argmax())]


@dataclass(frozen=True)
class FieldScale:
    """Estimates the scale of fields with the backbone of a classifier.

    Attributes:
        estimator: The estimator in use.
        features: Computes the backbone's features; None if the estimator was fitted on another backbone, so that it
            estimates nothing.
    """

    estimator: ScaleEstimator
    features: ScaleFeatures | None

    @classmethod
    def of(cls, trunk: keras.Model | None) -> "FieldScale":
        """Load the estimator for a backbone.

        Raises:
            AnalysisError: `model_unavailable` if the estimator cannot be read.
        """
        estimator = ScaleEstimator.load()
        fits = trunk is not None and digest_of(trunk) == estimator.backbone
        return cls(estimator, ScaleFeatures(trunk) if fits else None)

    def __call__(self, field: RGB8) -> float | None:
        """Micrometres per pixel of a field, uint8 (height, width, 3); None if they cannot be estimated."""
        if self.features is None or not is_of_the_camera(field):
            return None
        return self.estimator.um_per_pixel(self.features(field))
