"""Clusters of calcifications: the peaks of the network's map."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.calcifications.network import STRIDE
from mammo_worker.calcifications.tissue import SPACING

_APART = 5.0 / (SPACING * STRIDE)  # cells, 5 mm; closer peaks are one cluster
_REACH = round(10.0 / (SPACING * STRIDE))  # cells, 1 cm; a cluster's cells are not farther from its peak
_FADE = 3.0  # logits by which they lie below it at most
_OUTSIDE = -20.0
_RANGE = (-8.0, 12.0)  # logits beyond it say no more


@dataclass(frozen=True)
class Cluster:
    """A place where calcifications are likely, in pixels of the searched image.

    Attributes:
        centre: Centre x, y of the most likely cell.
        box: Box x1, y1, x2, y2 of the cells around it that are nearly as likely, at most 1 cm away.
        score: Mean logit of the most likely cell and the eight around it.
    """

    centre: tuple[float, float]
    box: tuple[float, float, float, float]
    score: float


def find_clusters(
    likely: NDArray[np.float32], inside: NDArray[np.bool_], least: float, most: float = np.inf
) -> list[Cluster]:
    """Find the clusters of a map, best first.

    A peak less than 1 cm from a better one that is not `_FADE` above the saddle between them belongs to that one's
    cluster.

    Args:
        likely: Logits by cell, see `network.likely_map`.
        inside: Mask (height, width) of the image's tissue.
        least: Least score.
        most: Largest number of clusters.
    """
    rows, columns = likely.shape
    padded = np.zeros((rows * STRIDE, columns * STRIDE), bool)
    padded[: inside.shape[0], : inside.shape[1]] = inside
    tissue = padded.reshape(rows, STRIDE, columns, STRIDE).mean(axis=(1, 3)) > 0.5
    means = cv2.blur(np.where(tissue, np.clip(likely, *_RANGE), _OUTSIDE), (3, 3), borderType=cv2.BORDER_REPLICATE)
    left = np.where(tissue, means, -np.inf)
    peaks = np.zeros(likely.shape, bool)
    found: list[Cluster] = []
    while len(found) < most and left.size and (best := float(left.max())) >= least:
        row, column = (int(at) for at in np.unravel_index(int(left.argmax()), left.shape))
        corner = max(0, row - _REACH), max(0, column - _REACH)
        around = slice(corner[0], row + _REACH + 1), slice(corner[1], column + _REACH + 1)
        y, x = np.arange(rows)[around[0], None] - row, np.arange(columns)[around[1]] - column
        distance = y**2 + x**2
        left[around][distance <= _APART**2] = -np.inf
        near = (distance <= _REACH**2) & tissue[around] & (means[around] >= best - _FADE)
        _, parts = cv2.connectedComponents(near.astype(np.uint8))
        own = parts == parts[row - corner[0], column - corner[1]]
        if not (own & peaks[around]).any():
            at = np.argwhere(own) + corner
            (top, first), (bottom, last) = at.min(axis=0) * STRIDE, (at.max(axis=0) + 1) * STRIDE
            box = (float(first), float(top), float(last), float(bottom))
            found.append(Cluster(((column + 0.5) * STRIDE, (row + 0.5) * STRIDE), box, best))
            peaks[row, column] = True
    return found
