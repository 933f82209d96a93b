"""Clusters of calcifications that the network finds: the peaks of its map."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.calcifications.images import SPACING
from mammo_worker.calcifications.network import STRIDE

_APART = 5.0 / (SPACING * STRIDE)  # cells, 5 mm; closer peaks are one cluster
_OUTSIDE = -20.0
_RANGE = (-8.0, 12.0)  # logits beyond it say no more


@dataclass(frozen=True)
class Peak:
    """A place where calcifications are likely.

    Attributes:
        centre: Centre x, y in pixels of the searched image.
        score: Mean logit of its cell and the eight around it.
    """

    centre: tuple[float, float]
    score: float


def find_peaks(likely: NDArray[np.float32], inside: NDArray[np.bool_], least: float) -> list[Peak]:
    """Find the peaks of a map, best first.

    Args:
        likely: Logits by cell, see `network.likely_map`.
        inside: Mask (height, width) of the image's tissue.
        least: Least score.
    """
    rows, columns = likely.shape
    padded = np.zeros((rows * STRIDE, columns * STRIDE), bool)
    padded[: inside.shape[0], : inside.shape[1]] = inside
    tissue = padded.reshape(rows, STRIDE, columns, STRIDE).mean(axis=(1, 3)) > 0.5
    scores = cv2.blur(np.where(tissue, np.clip(likely, *_RANGE), _OUTSIDE), (3, 3), borderType=cv2.BORDER_REPLICATE)
    scores = np.where(tissue, scores, -np.inf)
    y, x = np.mgrid[:rows, :columns]
    found: list[Peak] = []
    while scores.size and (best := float(scores.max())) >= least:
        row, column = np.unravel_index(int(scores.argmax()), scores.shape)
        centre = ((int(column) + 0.5) * STRIDE, (int(row) + 0.5) * STRIDE)
        found.append(Peak(centre, best))
        scores[(y - row) ** 2 + (x - column) ** 2 <= _APART**2] = -np.inf
    return found
