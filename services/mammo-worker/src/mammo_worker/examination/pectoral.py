"""Finds the edge of the pectoral muscle on a mediolateral oblique film, as one straight line.

Karssemeijer (Phys Med Biol 43, 1998) finds the muscle by a Hough transform of the gradient, limited to the positions
and angles that a muscle can have. Here each permitted line is scored by the step of brightness across it, and the lines
are averaged by their scores, so that an edge with several possible positions has a large spread.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_WIDTHS = np.linspace(0.10, 0.85, 31)  # intersections with the top of the breast, as shares of the breast's width
_HEIGHTS = np.linspace(0.18, 1.0, 33)  # intersections with the chest wall, as shares of the breast's height
_STEEPEST, _FLATTEST = np.radians(8), np.radians(55)  # angles from the vertical
_POINTS = 48  # number of sampled points on a line
_BLUR = 2.0  # pixels of the thumbnail
_OFFSETS = (3.0, 6.0)  # pixels to either side of the line
_MOST = 0.12  # share of the range; stronger steps are clipped to it
_TEMPERATURE = 0.006  # temperature of the scores for averaging lines
_LEAST_SCORE = 0.05  # below this score the muscle counts as not visible


@dataclass(frozen=True)
class MuscleLine:
    """The muscle's edge from the top of the breast to the chest wall, in pixels of the thumbnail.

    Attributes:
        top: Its end at the top, x and y.
        bottom: Its end at the chest wall, x and y.
        score: Mean step of brightness across it.
        spread: Standard deviation of the line's middle over the weighted lines, in pixels.
    """

    top: tuple[float, float]
    bottom: tuple[float, float]
    score: float
    spread: float

    @property
    def seen(self) -> bool:
        """Whether the film shows such an edge."""
        return self.score >= _LEAST_SCORE


def fit_muscle(grey: NDArray[np.float32], mask: NDArray[np.bool_]) -> MuscleLine:
    """Fit the muscle's edge.

    Args:
        grey: Thumbnail (h, w), the chest wall on the left, 0 at the background and 1 at the brightest tissue.
        mask: Mask of the breast, which must not be empty.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, left = float(rows[0]), float(columns[0])
    height, width = rows[-1] + 1 - top, columns[-1] + 1 - left
    a, b = (v.ravel() for v in np.meshgrid(_WIDTHS * width, _HEIGHTS * height))
    angle = np.arctan2(a, b)
    kept = (angle > _STEEPEST) & (angle < _FLATTEST)
    if not kept.any():  # a breast several times as wide as high, or as high as wide
        return MuscleLine((left, top), (left, top), score=0.0, spread=0.0)
    a, b, angle = a[kept], b[kept], angle[kept]
    score = _scores(grey, mask, (left, top), a, b, angle)
    weight = np.exp((score - score.max()) / _TEMPERATURE)
    weight /= weight.sum()
    mean_a, mean_b = float(weight @ a), float(weight @ b)
    # Distance of each line's middle from the mean line.
    normal = np.array([np.cos(np.arctan2(mean_a, mean_b)), np.sin(np.arctan2(mean_a, mean_b))])
    off = (a / 2 - mean_a / 2) * normal[0] + (b / 2 - mean_b / 2) * normal[1]
    spread = float(np.sqrt(weight @ off**2))
    return MuscleLine((left + mean_a, top), (left, top + mean_b), float(score.max()), spread)


def _scores(
    grey: NDArray[np.float32],
    mask: NDArray[np.bool_],
    corner: tuple[float, float],
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    angle: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Mean step across each line, from the muscle's side to the breast's side."""
    smooth = cv2.GaussianBlur(grey, (0, 0), _BLUR).astype(np.float32)
    along = np.linspace(0.06, 0.94, _POINTS)
    x = corner[0] + a[:, None] * (1 - along)
    y = corner[1] + b[:, None] * along
    nx, ny = np.cos(angle)[:, None], np.sin(angle)[:, None]
    steps = np.zeros_like(x)
    for offset in _OFFSETS:
        inner = _sample(smooth, x - offset * nx, y - offset * ny)
        outer = _sample(smooth, x + offset * nx, y + offset * ny)
        steps += np.clip(inner - outer, -_MOST, _MOST) / len(_OFFSETS)
    inside = _sample(mask.astype(np.float32), x + _OFFSETS[-1] * nx, y + _OFFSETS[-1] * ny) > 0.5
    # A line that leaves the breast cannot be the muscle's edge: points outside count as no step.
    return (steps * inside).mean(axis=1)


def _sample(image: NDArray[np.float32], x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float32]:
    maps = (x - 0.5).astype(np.float32), (y - 0.5).astype(np.float32)
    return cv2.remap(image, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
