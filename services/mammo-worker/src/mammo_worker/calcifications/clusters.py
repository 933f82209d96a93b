"""Clusters of calcifications: the peaks of the network's map."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.calcifications.network import STRIDE
from mammo_worker.calcifications.tissue import SPACING

_APART = 5.0 / (SPACING * STRIDE)  # cells, 5 mm; closer peaks are one cluster
_FADE = 3.0  # logits by which a cluster's cells lie below its peak at most
_OUTSIDE = -20.0
_RANGE = (-8.0, 12.0)  # logits beyond it say no more


@dataclass(frozen=True)
class Cluster:
    """A place where calcifications are likely, in pixels of the searched image.

    Attributes:
        centre: Centre x, y of the most likely cell.
        box: Box x1, y1, x2, y2 of the cells around it that are nearly as likely.
        score: Mean logit of the most likely cell and the eight around it.
    """

    centre: tuple[float, float]
    box: tuple[float, float, float, float]
    score: float


def find_clusters(likely: NDArray[np.float32], inside: NDArray[np.bool_], least: float) -> list[Cluster]:
    """Find the clusters of a map, best first.

    A peak that is not `_FADE` above the saddle to a higher one belongs to that one's cluster.

    Args:
        likely: Logits by cell, see `network.likely_map`.
        inside: Mask (height, width) of the image's tissue.
        least: Least score.
    """
    rows, columns = likely.shape
    padded = np.zeros((rows * STRIDE, columns * STRIDE), bool)
    padded[: inside.shape[0], : inside.shape[1]] = inside
    tissue = padded.reshape(rows, STRIDE, columns, STRIDE).mean(axis=(1, 3)) > 0.5
    means = cv2.blur(np.where(tissue, np.clip(likely, *_RANGE), _OUTSIDE), (3, 3), borderType=cv2.BORDER_REPLICATE)
    left = np.where(tissue, means, -np.inf)
    y, x = np.mgrid[:rows, :columns]
    peaks = np.zeros(likely.shape, bool)
    found: list[Cluster] = []
    while left.size and (best := float(left.max())) >= least:
        row, column = (int(at) for at in np.unravel_index(int(left.argmax()), left.shape))
        left[(y - row) ** 2 + (x - column) ** 2 <= _APART**2] = -np.inf
        _, parts = cv2.connectedComponents((tissue & (means >= best - _FADE)).astype(np.uint8))
        own = parts == parts[row, column]
        if not (own & peaks).any():
            at = np.argwhere(own)
            (top, first), (bottom, last) = at.min(axis=0) * STRIDE, (at.max(axis=0) + 1) * STRIDE
            box = (float(first), float(top), float(last), float(bottom))
            found.append(Cluster(((column + 0.5) * STRIDE, (row + 0.5) * STRIDE), box, best))
        peaks[row, column] = True
    return found
