"""Measures the tumour map on a slide whose tiles are labelled."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from histo_worker.tissue.reader import TissueReader
from lobule_ml.evaluation.statistics import auc, dice

RGB8 = NDArray[np.uint8]
NO_TILE = 255
"""Value of the truth at places without a label."""


@dataclass(frozen=True)
class SlideFigures:
    """The agreement of a map with a labelled slide.

    Attributes:
        tiles: Number of labelled tiles.
        tile_auc: AUC of the tiles' mean probabilities.
        dice: Dice at the package's threshold for marking.
        best_dice: Dice at the best threshold, which is chosen on the truth and therefore optimistic.
        glass: Mean probability at places without a label.
    """

    tiles: int
    tile_auc: float
    dice: float
    best_dice: float
    glass: float


def measure_slide(reader: TissueReader, slide: RGB8, um_per_pixel: float, truth: NDArray[np.uint8]) -> SlideFigures:
    """Read a slide and compare its map with the truth.

    Args:
        reader: The tissue network.
        slide: uint8 (height, width, 3).
        um_per_pixel: Micrometres per pixel of the slide.
        truth: Labels of tiles that cover the slide: 1 carcinoma, 0 none, `NO_TILE` without a label.
    """
    tumour = reader.read(slide, um_per_pixel).tumour
    tiles = cv2.resize(tumour, truth.shape[::-1], interpolation=cv2.INTER_AREA)
    known = truth != NO_TILE
    target, probability = truth[known] == 1, tiles[known]
    best = max(dice(target, probability >= mark) for mark in np.linspace(0.05, 0.95, 19).round(2))
    return SlideFigures(
        int(known.sum()),
        auc(target, probability),
        dice(target, probability >= reader.mark_from),
        best,
        float(tiles[~known].mean()) if (~known).any() else 0.0,
    )
