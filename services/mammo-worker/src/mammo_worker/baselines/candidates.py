"""Candidate masses: SLIC superpixels of a sifted film, merged around each of its peaks."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import slic

from mammo_worker.baselines.sifting import SCALES

_SUPERPIXELS_ACROSS = 2.5  # superpixels across a pattern of the scale's middle size
_COMPACTNESS = 0.1
_GROWN = (0.45, 0.7)  # shares of the peak's response down to which a region grows, one candidate for each
_PEAKS = 24  # number of the strongest peaks per scale
_LEAST_RESPONSE = 1.5  # grey levels


@dataclass(frozen=True)
class Candidate:
    """A candidate region on a film's canvas.

    Attributes:
        scale: Index of the scale at which it was found.
        box: x1, y1, x2, y2 in whole canvas pixels, around the mask.
        mask: Mask of the region inside the box.
        response: Mean sifted response of its initial superpixel, in grey levels.
    """

    scale: int
    box: tuple[int, int, int, int]
    mask: NDArray[np.bool_]
    response: float


def find_candidates(
    sifted: NDArray[np.float32], breast: NDArray[np.bool_], scales: Sequence[tuple[int, int]] = SCALES
) -> list[Candidate]:
    """Find the candidates of a film at all scales.

    Args:
        sifted: (scales, height, width), see `sifting.sift_scales`.
        breast: Mask (height, width) of the breast.
        scales: Lengths of the lines at each scale.
    """
    found: list[Candidate] = []
    for number, (short, long) in enumerate(scales):
        found.extend(_at_scale(sifted[number], breast, number, (short * long) ** 0.5, long))
    return found


def _at_scale(
    response: NDArray[np.float32], breast: NDArray[np.bool_], scale: int, middle: float, reach: float
) -> list[Candidate]:
    if not breast.any():
        return []
    count = max(4, round(response.size / (middle / _SUPERPIXELS_ACROSS) ** 2))
    top = max(float(response.max()), 1e-6)
    labels = slic(
        response / top,
        n_segments=count,
        compactness=_COMPACTNESS,
        max_num_iter=5,
        channel_axis=None,
        start_label=0,
    )
    labels = np.asarray(labels, np.int32)
    total = int(labels.max()) + 1
    size = np.bincount(labels.ravel(), minlength=total)
    mean = np.bincount(labels.ravel(), response.ravel(), total) / np.maximum(size, 1)
    inside = np.bincount(labels.ravel(), breast.ravel(), total) > 0.5 * size
    mean = np.where(inside, mean, 0.0)
    y, x = np.mgrid[: response.shape[0], : response.shape[1]]
    centre = np.stack([np.bincount(labels.ravel(), c.ravel(), total) / np.maximum(size, 1) for c in (x, y)], axis=1)
    first, second = neighbours(labels)
    peak = mean > _LEAST_RESPONSE
    peak[first[mean[first] < mean[second]]] = False
    strongest = np.flatnonzero(peak)
    strongest = strongest[np.argsort(-mean[strongest], kind="stable")][:_PEAKS]
    found: list[Candidate] = []
    for seed in strongest:
        near = np.hypot(*(centre - centre[seed]).T) <= reach / 2
        last = 0
        for share in _GROWN:
            members = (near & (mean >= share * mean[seed]))[labels].astype(np.uint8)
            _, parts = cv2.connectedComponents(members, connectivity=4)
            at = np.flatnonzero(labels.ravel() == seed)[0]
            mask = parts == parts.ravel()[at]
            area = int(mask.sum())
            if area != last:
                found.append(_candidate(mask, scale, float(mean[seed])))
            last = area
    return found


def _candidate(mask: NDArray[np.bool_], scale: int, response: float) -> Candidate:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    y1, y2, x1, x2 = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    return Candidate(scale, (x1, y1, x2, y2), mask[y1:y2, x1:x2].copy(), response)


def neighbours(labels: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """All ordered pairs of different labels with a common edge, as two arrays, possibly with duplicates."""
    right = np.stack([labels[:, :-1].ravel(), labels[:, 1:].ravel()])
    down = np.stack([labels[:-1].ravel(), labels[1:].ravel()])
    pairs = np.concatenate([right, down], axis=1)
    pairs = pairs[:, pairs[0] != pairs[1]]
    return np.concatenate([pairs[0], pairs[1]]), np.concatenate([pairs[1], pairs[0]])
