"""Determines which findings of the two views of a breast are one lesion.

A lesion has about the same distance from the nipple, size and brightness on both views (Highnam and Brady 1999; Zheng
et al., Med Phys 33, 2006; Samulski and Karssemeijer, IEEE TMI 30, 2011). A logistic model of the differences, trained
on lesions of known identity, gives the probability that a pair is one lesion; pairs are chosen jointly, as an
assignment. Suspicion is not used, so that the suspicion of a breast can depend on pairs without circularity.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from lobule_ml.calibration import Logistic
from mammo_worker.examination.marks import MARGIN, PATCH, Mark

FEATURES = ("from nipple", "behind nipple", "size", "contrast", "correlation")
LEAST_PAIR = 0.5  # probability from which two findings count as one lesion
_UNITS = np.array([0.1, 0.1, 0.3, 0.1, 0.2])  # units of the features, so that their weights are similar
_MLO_DEPTH = 0.9  # median ratio of CC to MLO depth of the training patients' breasts; the CC film shows less
_TURNS = 12


@dataclass(frozen=True)
class Pair:
    """Two findings that count as one lesion: their indices, and the probability that they are."""

    cc: int
    mlo: int
    probability: float


def pair_features(cc: Mark, mlo: Mark) -> NDArray[np.float64]:
    """Differences `FEATURES` (5,) of a finding on CC and one on MLO, each relative to a typical one."""
    differences = np.array(
        [
            abs(cc.from_nipple * _MLO_DEPTH - mlo.from_nipple),
            abs(cc.behind_nipple * _MLO_DEPTH - mlo.behind_nipple),
            abs(np.log(max(cc.size * _MLO_DEPTH, 1e-3) / max(mlo.size, 1e-3))),
            abs(cc.contrast - mlo.contrast),
            correlation(cc.picture, mlo.picture),
        ]
    )
    return differences / _UNITS


def correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """The highest normalised correlation of two pictures over rotations and shifts of one of them; -1 to 1."""
    side = PATCH + 2 * MARGIN
    middle = (side - 1) / 2
    if min(a.std(), b.std()) < 1e-6:
        return 0.0
    best = -1.0
    for turn in range(_TURNS):
        matrix = cv2.getRotationMatrix2D((middle, middle), 360 * turn / _TURNS, 1.0)
        turned = cv2.warpAffine(b, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        inner = np.ascontiguousarray(turned[MARGIN:-MARGIN, MARGIN:-MARGIN])
        best = max(best, float(cv2.matchTemplate(a, inner, cv2.TM_CCOEFF_NORMED).max()))
    return min(best, 1.0)


def pair_probabilities(model: Logistic, cc: Sequence[Mark], mlo: Sequence[Mark]) -> NDArray[np.float64]:
    """Probabilities (N, M) that findings are one lesion."""
    if not cc or not mlo:
        return np.zeros((len(cc), len(mlo)))
    features = np.stack([pair_features(a, b) for a in cc for b in mlo])
    return model(features).reshape(len(cc), len(mlo))


def assign(probabilities: NDArray[np.float64], least: float = LEAST_PAIR) -> list[Pair]:
    """The jointly most likely pairs; each finding is in at most one pair.

    The assignment maximises the sum of log odds, relative to a pair with probability `least`.

    Args:
        probabilities: Probabilities (N, M).
        least: Least probability of a pair.
    """
    if probabilities.size == 0:
        return []
    p = np.clip(probabilities, 1e-6, 1 - 1e-6)
    gain = np.log(p / (1 - p)) - np.log(least / (1 - least))
    rows, columns = linear_sum_assignment(np.maximum(gain, 0), maximize=True)
    return [
        Pair(int(i), int(j), float(probabilities[i, j]))
        for i, j in zip(rows, columns, strict=True)
        if probabilities[i, j] >= least
    ]
