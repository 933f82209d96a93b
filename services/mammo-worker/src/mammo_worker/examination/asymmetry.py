"""Compares a breast with the mirrored other breast.

The breasts of a person are similar, so a difference is a sign (Karssemeijer and te Brake, Digital Mammography 1998;
Tzikopoulos et al., Comput Methods Programs Biomed 102, 2011). The other breast is registered by nipple, chest wall and
extent, then by demons (Thirion, Med Image Anal 2, 1998) on small, blurred pictures, which are too coarse to remove a
mass by deformation.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.examination.anatomy import Anatomy
from mammo_worker.examination.frame import Thumbnail

_ROUNDS = 40
_SMALL = 100  # rows of the pictures that demons register
_STIFFNESS = 6.0  # pixels of these pictures, over which the displacement is smoothed
_BLUR = 0.05  # blur of the compared pictures, as a share of the depth
_RIM = 0.04  # width of the rim in which thickness decreases and nothing is compared, as a share of the depth


@dataclass(frozen=True)
class Asymmetry:
    """The difference of a breast from the other one.

    Attributes:
        difference: Standard deviations by which this breast is brighter than the other, (h, w) on its thumbnail.
        compared: Mask (h, w), False where one of the two has no tissue, in the rim, and behind the chest wall.
        feature: The 99th percentile of the positive differences, one number for the breast.
    """

    difference: NDArray[np.float32]
    compared: NDArray[np.bool_]
    feature: float

    def at(self, box: NDArray[np.floating]) -> float:
        """Mean difference in a box (x1, y1, x2, y2) of the thumbnail; 0 if nothing in it is compared."""
        x1, y1, x2, y2 = np.round(box).astype(int)
        rows, columns = slice(max(0, y1), max(y2, y1 + 1)), slice(max(0, x1), max(x2, x1 + 1))
        inside = self.compared[rows, columns]
        return float(self.difference[rows, columns][inside].mean()) if inside.any() else 0.0


def compare_breasts(this: tuple[Thumbnail, Anatomy], other: tuple[Thumbnail, Anatomy]) -> Asymmetry:
    """Register the other breast onto this one and compare them.

    Args:
        this: Film of a breast.
        other: The film of the other breast in the same view.

    Raises:
        ValueError: The views differ.
    """
    if this[1].view != other[1].view:
        raise ValueError("films of the same view are compared")
    grey, mask = this[0].grey, this[0].mask
    size = (grey.shape[1], grey.shape[0])
    matrix = _affine(other, this)
    moved = cv2.warpAffine(other[0].grey, matrix, size).astype(np.float32)
    there = cv2.warpAffine(other[0].mask.astype(np.uint8), matrix, size) > 0
    depth = this[1].depth / this[0].step
    mine, theirs = (_standardised(g, m, _BLUR * depth) for g, m in ((grey, mask), (moved, there)))
    move = _demons(mine * mask, theirs * there)
    theirs, there = _moved(theirs, move), _moved(there.astype(np.float32), move) > 0.5
    compared = _without_rim(mask & there, _RIM * depth) & _before_wall(*this)
    difference = np.where(compared, mine - theirs, 0).astype(np.float32)
    brighter = difference[compared & (difference > 0)]
    return Asymmetry(difference, compared, float(np.percentile(brighter, 99)) if len(brighter) else 0.0)


def _affine(source: tuple[Thumbnail, Anatomy], target: tuple[Thumbnail, Anatomy]) -> NDArray[np.float64]:
    """The map from the source's thumbnail to the target's that matches nipple, depth and extent."""
    bases: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    for thumbnail, anatomy in (source, target):
        nipple = thumbnail.from_frame(np.array([anatomy.nipple]))[0]
        normal = np.array(anatomy.normal)
        along = np.array([-normal[1], normal[0]])
        rows, columns = np.nonzero(thumbnail.mask)
        extent = float(np.std(np.stack([columns, rows], axis=1) @ along))
        bases.append((nipple, np.stack([normal * anatomy.depth / thumbnail.step, along * extent], axis=1)))
    (nipple_a, basis_a), (nipple_b, basis_b) = bases
    linear = basis_b @ np.linalg.inv(basis_a)
    return np.column_stack([linear, nipple_b - linear @ nipple_a])


def _standardised(grey: NDArray[np.float32], mask: NDArray[np.bool_], blur: float) -> NDArray[np.float32]:
    """Blur within the mask, and standardise to mean 0 and deviation 1 there."""
    weight = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), max(blur, 0.5))
    smooth = cv2.GaussianBlur(grey * mask, (0, 0), max(blur, 0.5)) / np.maximum(weight, 1e-3)
    inside = smooth[mask]
    if len(inside) == 0:
        return np.zeros_like(grey)
    return (np.clip((smooth - inside.mean()) / max(float(inside.std()), 1e-3), -4, 4) * mask).astype(np.float32)


def _demons(fixed: NDArray[np.float32], moving: NDArray[np.float32]) -> NDArray[np.float32]:
    """The smooth displacement (h, w, 2) in pixels that registers `moving` to `fixed`."""
    height, width = fixed.shape
    factor = _SMALL / height
    small = (max(8, round(width * factor)), _SMALL)
    a, b = (cv2.resize(p, small, interpolation=cv2.INTER_AREA).astype(np.float32) for p in (fixed, moving))
    move = np.zeros((small[1], small[0], 2), np.float32)
    down, across = np.gradient(a, axis=0), np.gradient(a, axis=1)
    slope = np.stack([np.asarray(across), np.asarray(down)], axis=-1)
    steepness = (slope**2).sum(axis=-1)
    for _ in range(_ROUNDS):
        gap = a - _moved(b, move)
        move += (gap / (steepness + gap**2 + 1e-3))[..., None] * slope * -1.0
        move = cv2.GaussianBlur(move, (0, 0), _STIFFNESS).astype(np.float32)
    scale = np.array([width / small[0], height / small[1]], np.float32)
    return (cv2.resize(move, (width, height), interpolation=cv2.INTER_LINEAR) * scale).astype(np.float32)


def _moved(picture: NDArray[np.float32], move: NDArray[np.float32]) -> NDArray[np.float32]:
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    return cv2.remap(picture, x - move[..., 0], y - move[..., 1], cv2.INTER_LINEAR).astype(np.float32)


def _before_wall(thumbnail: Thumbnail, anatomy: Anatomy) -> NDArray[np.bool_]:
    """Mask in front of the chest wall, because visible muscle depends on the positioning of the breast."""
    height, width = thumbnail.mask.shape
    y, x = np.mgrid[:height, :width] + 0.5
    points = thumbnail.to_frame(np.stack([x.ravel(), y.ravel()], axis=1))
    return (anatomy.from_wall(points) >= 0).reshape(height, width)


def _without_rim(mask: NDArray[np.bool_], rim: float) -> NDArray[np.bool_]:
    distance = cv2.distanceTransform(np.pad(mask, ((0, 0), (1, 0)), mode="edge").astype(np.uint8), cv2.DIST_L2, 5)
    return distance[:, 1:] > rim
