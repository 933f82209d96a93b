"""Detects pictures with several films, such as screenshots of two or four views.

The limits separate 1,603 single films from 400 pictures that were composed of them (side by side, one above the other
and in fours, with and without gaps, black and white): `bench/mammo_several.py` counts both.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.films.breast import FAINT_SHARE, Breast, tissue

_SECOND = 0.3  # share of the largest region's area; at most 0.18 in 99.8 % of single films
_SOLID = 0.4  # share of its box, which a second breast fills and a fold along the chest wall does not
_SEAM_STEP, _SEAM_SHARE = 0.12, 0.35  # step between rows, and the share of a row with it; at most 0.27 in single films
_GUTTER_FLAT, _GUTTER_BRIGHT = 0.05, 0.5  # as shares of the range
_GUTTER_LINES = 4  # number of lines of the thumbnail
# Share of the largest height, which is in the middle third; a breast that is lower at both ends has no chest wall.
_NARROW_ENDS = 0.6
_ATTACHED = 0.2  # share of the largest height; lower parts are labels, tape or the nipple


def several_films(breast: Breast) -> bool:
    """Whether a picture shows more than one film."""
    return (
        _second_breast(breast)
        or _seam(breast)
        or _gutter(breast.grey, breast.film)
        or _gutter(breast.grey.T, breast.film.T)
        or _chest_walls_together(breast)
    )


def _second_breast(breast: Breast) -> bool:
    """Whether there are two regions of tissue of similar size."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(tissue(breast.grey, breast.film))
    regions = sorted(stats[1:].tolist(), key=lambda region: -region[cv2.CC_STAT_AREA])
    if len(regions) < 2:
        return False
    _, _, width, height, area = regions[1]
    return area > _SECOND * regions[0][cv2.CC_STAT_AREA] and area > _SOLID * width * height


def _seam(breast: Breast) -> bool:
    """Whether a row in the middle half separates two films."""
    height = len(breast.grey)
    columns = breast.film.mean(axis=0) > 0.5
    blurred = cv2.blur(breast.grey, (3, 1))[:, columns]
    steps = np.abs(blurred[2:] - blurred[:-2]) > _SEAM_STEP
    middle = steps[height // 4 : 3 * height // 4]
    return middle.size > 0 and float(middle.mean(axis=1).max()) > _SEAM_SHARE


def _gutter(grey: NDArray[np.float32], film: NDArray[np.bool_]) -> bool:
    """Whether rows in the middle half have a uniform bright grey."""
    rows = grey[len(grey) // 4 : 3 * len(grey) // 4, film.mean(axis=0) > 0.5]
    if rows.size == 0:
        return False
    low, middle, high = np.percentile(rows, [10, 50, 90], axis=1)
    return int(((high - low < _GUTTER_FLAT) & (middle > _GUTTER_BRIGHT)).sum()) >= _GUTTER_LINES


def _chest_walls_together(breast: Breast) -> bool:
    """Whether one region is high in the middle and narrow at both ends, like two breasts with adjacent chest walls."""
    closed = cv2.morphologyEx(
        tissue(breast.grey, breast.film, FAINT_SHARE), cv2.MORPH_CLOSE, np.ones((41, 41), np.uint8)
    )
    _, labels, stats, _ = cv2.connectedComponentsWithStats(closed)
    if len(stats) < 2:
        return False
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    columns = (labels == largest).sum(axis=0)
    columns = columns[columns > _ATTACHED * columns.max()]
    third = len(columns) // 3
    if columns[third : len(columns) - third].max() < columns.max():
        return False
    end = max(1, round(0.06 * len(columns)))
    return max(columns[:end].mean(), columns[-end:].mean()) < _NARROW_ENDS * columns.max()
