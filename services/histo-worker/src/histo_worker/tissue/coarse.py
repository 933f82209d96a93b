"""Adds what statistics of dyes and texture say about carcinoma to what the network says, for coarse fields.

They were learned from patches of 4 micrometres a pixel, and are wrong on finer fields (docs/results/tissue-tried.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from histo_worker.tissue.network import UM_PER_PIXEL

Float = NDArray[np.float32]

_NAMES = "network", "weights", "bias"


def is_coarse(um_per_pixel: float) -> bool:
    """Whether a field has no finer pixels than the network reads."""
    return um_per_pixel >= UM_PER_PIXEL


@dataclass(frozen=True)
class CoarseHead:
    """A linear combination of the network's logit and the statistics of a square, on the scale of the network's logits.

    Attributes:
        network: Factor of the network's logit.
        weights: Weights (67,) of the statistics.
        bias: What is added.
    """

    network: float
    weights: Float
    bias: float

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "CoarseHead":
        """Read the arrays of a package.

        Raises:
            KeyError: An array is missing.
        """
        network, weights, bias = (arrays[f"coarse/{name}"] for name in _NAMES)
        return cls(float(network), np.asarray(weights, np.float32), float(bias))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays for a package."""
        return {f"coarse/{name}": np.asarray(getattr(self, name), np.float32) for name in _NAMES}

    def __call__(self, logits: Float, evidence: Float, statistics: Float) -> tuple[Float, Float]:
        """Logits (n,) and evidence maps (n, rows, columns) of squares, whose mean stays the logit.

        Args:
            logits: Logits of the network, (n,).
            evidence: Evidence maps of the network, (n, rows, columns).
            statistics: (n, 67), from `square_statistics`.
        """
        added = statistics @ self.weights + self.bias
        together, maps = self.network * logits + added, self.network * evidence + added[:, None, None]
        return np.asarray(together, np.float32), np.asarray(maps, np.float32)
