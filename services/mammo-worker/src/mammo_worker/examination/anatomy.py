"""Landmarks of a breast on a film, chest wall and nipple, and positions relative to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.examination.frame import Frame, Thumbnail
from mammo_worker.examination.pectoral import fit_muscle

ChestWallFrom = Literal["edge", "muscle", "assumed"]

_TIP = 0.01  # share of the breast's depth; this part of the contour is as far from the chest wall as the nipple
_THINNEST = 17  # pixels of the thumbnail; thinner parts (frames, folds, tape) are not part of the contour
_ASSUMED_TOP, _ASSUMED_BOTTOM = 0.43, 0.52  # share of width and height, the median muscle of the training patients
_EDGE_SPREAD, _ASSUMED_SPREAD = 0.03, 0.12  # as a share of the breast's depth


@dataclass(frozen=True)
class Anatomy:
    """Landmarks of a breast on a film, in its frame.

    Attributes:
        frame: Frame of the film.
        view: CC or MLO.
        nipple: Position of the nipple, x and y.
        wall: A point on the line of the chest wall, x and y.
        normal: Unit vector from the chest wall to the nipple.
        depth: Length of the posterior nipple line, from the nipple back to the chest wall, or to the film's edge if
            that comes first.
        wall_from: Origin of the line: the film's edge, the muscle's edge, or the position of a usual muscle.
        spread: Standard deviation of the depth, as a share of the depth.
    """

    frame: Frame
    view: Literal["CC", "MLO"]
    nipple: tuple[float, float]
    wall: tuple[float, float]
    normal: tuple[float, float]
    depth: float
    wall_from: ChestWallFrom
    spread: float

    def behind_nipple(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Distances (N,) of points (N, 2) of the frame from the nipple, along the posterior nipple line."""
        return (self.nipple - np.asarray(points, np.float64)) @ np.array(self.normal)

    def from_wall(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Distances (N,) of points (N, 2) of the frame from the chest wall; negative behind it."""
        return (np.asarray(points, np.float64) - self.wall) @ np.array(self.normal)

    def from_nipple(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Distances (N,) of points (N, 2) of the frame from the nipple: the arc method's radius."""
        return np.linalg.norm(np.asarray(points, np.float64) - self.nipple, axis=1)

    def across(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Distances (N,) from the posterior nipple line; positive towards the top of the film."""
        return (np.asarray(points, np.float64) - self.nipple) @ self._along

    def axis(self) -> NDArray[np.float64]:
        """The nipple, the end of the posterior nipple line, and a point as far above the nipple as that is behind."""
        behind, above = -self.depth * np.array(self.normal), self.depth * self._along
        return np.array(self.nipple) + np.stack([np.zeros(2), behind, above])

    @property
    def _along(self) -> NDArray[np.float64]:
        """Unit vector that points up if the normal points to the right."""
        return np.array([self.normal[1], -self.normal[0]])


def find_anatomy(thumbnail: Thumbnail, view: Literal["CC", "MLO"]) -> Anatomy:
    """Find the landmarks of a breast.

    Args:
        thumbnail: Thumbnail of the breast, whose mask must not be empty.
        view: Determines the chest wall: the edge of the film, or the edge of the pectoral muscle.
    """
    rows, columns = (np.flatnonzero(thumbnail.mask.any(axis=axis)) for axis in (1, 0))
    left, top = float(columns[0]), float(rows[0])
    width, height = columns[-1] + 1 - left, rows[-1] + 1 - top
    wall, normal, wall_from = np.array([left, top]), np.array([1.0, 0.0]), "edge"
    pixels = 0.0
    if view == "MLO":
        muscle = fit_muscle(thumbnail.grey, thumbnail.mask)
        if muscle.seen:
            upper, lower, wall_from, pixels = np.array(muscle.top), np.array(muscle.bottom), "muscle", muscle.spread
        else:
            upper = np.array([left + _ASSUMED_TOP * width, top])
            lower = np.array([left, top + _ASSUMED_BOTTOM * height])
            wall_from = "assumed"
        wall, line = upper, lower - upper
        normal = np.array([line[1], -line[0]]) / np.linalg.norm(line)
    nipple = _nipple(thumbnail.mask, wall, normal)
    depth = min(float((nipple - wall) @ normal), float(nipple[0] - left) / float(normal[0]))
    least = _ASSUMED_SPREAD if wall_from == "assumed" else _EDGE_SPREAD
    spread = float(np.hypot(least, pixels / max(depth, 1.0)))
    (nx, ny), (wx, wy) = thumbnail.to_frame(np.stack([nipple, wall])).tolist()
    return Anatomy(
        frame=thumbnail.frame,
        view=view,
        nipple=(nx, ny),
        wall=(wx, wy),
        normal=(float(normal[0]), float(normal[1])),
        depth=depth * thumbnail.step,
        wall_from=wall_from,
        spread=spread,
    )


def _nipple(mask: NDArray[np.bool_], wall: NDArray[np.float64], normal: NDArray[np.float64]) -> NDArray[np.float64]:
    """The centre of the part of the contour that is farthest from the chest wall, in pixels of the thumbnail."""
    contours = _contours(_without_thin_parts(mask)) or _contours(mask.astype(np.uint8))
    points = max(contours, key=cv2.contourArea)[:, 0].astype(np.float64) + 0.5
    far = (points - wall) @ normal
    return points[far >= far.max() - _TIP * abs(far.max())].mean(axis=0)


def _without_thin_parts(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Remove parts of the mask that are thinner than a disc; the breast continues behind the chest wall's edge."""
    k = _THINNEST
    wide = cv2.copyMakeBorder(mask.astype(np.uint8), 0, 0, k, 0, cv2.BORDER_REPLICATE)
    wide = cv2.copyMakeBorder(wide, k, k, 0, k, cv2.BORDER_CONSTANT, value=(0,))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (k, k))
    return cv2.morphologyEx(wide, cv2.MORPH_OPEN, disc)[k:-k, k:-k].astype(np.uint8)


def _contours(mask: NDArray[np.uint8]) -> Sequence[NDArray[Any]]:
    return cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
