"""Features of a candidate for the random forest: shape, brightness, sifted response, texture, edge and place."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.feature import graycomatrix, graycoprops, local_binary_pattern

from mammo_worker.baselines.candidates import Candidate
from mammo_worker.baselines.sifting import SCALES

_GREY_LEVELS = 16  # grey levels of the co-occurrence matrices
_TEXTURES = ("contrast", "homogeneity", "energy", "correlation")
_PATTERNS = 10  # rotation-invariant uniform local binary patterns of 8 neighbours
_CHANNELS = ("grey", "clahe")

NAMES: tuple[str, ...] = (
    *("scale", "response", "response_rank", "area", "elongation", "eccentricity", "solidity", "extent", "roundness"),
    *(f"{c}_{m}" for c in _CHANNELS for m in ("mean", "deviation", "low", "high", "contrast", "contrast_ratio")),
    "above_breast",
    *(f"sifted{i}_{m}" for i in range(len(SCALES)) for m in ("inside", "contrast")),
    *(f"texture_{name}_{d}" for d in (1, 3) for name in _TEXTURES),
    *(f"pattern{i}" for i in range(_PATTERNS)),
    *("edge_convergence", "edge_strength", "edge_spread"),
    *("x", "y", "depth", "breast_mean", "breast_deviation", "breast_area"),
)


@dataclass(frozen=True)
class _Film:
    """Data that all candidates of a film share."""

    canvas: NDArray[np.uint8]
    breast: NDArray[np.bool_]
    sifted: NDArray[np.float32]
    depth: NDArray[np.float32]
    patterns: NDArray[np.int64]
    gradient: NDArray[np.float32]
    extent: tuple[int, int, int, int]
    breast_grey: tuple[float, float]


def describe(
    candidates: Sequence[Candidate], canvas: NDArray[np.uint8], sifted: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Compute the features of a film's candidates, (N, len(NAMES)).

    Args:
        candidates: Candidates of one film.
        canvas: The prepared film, (height, width, 2): grey and CLAHE, 0 outside the breast.
        sifted: (scales, height, width), see `sifting.sift_scales`.
    """
    if not candidates:
        return np.zeros((0, len(NAMES)), np.float32)
    film = _look_at(canvas, sifted)
    order = np.argsort(np.argsort([-c.response for c in candidates])) / len(candidates)
    return np.array([[*_describe(c, float(r), film)] for c, r in zip(candidates, order, strict=True)], np.float32)


def _look_at(canvas: NDArray[np.uint8], sifted: NDArray[np.float32]) -> _Film:
    grey = np.ascontiguousarray(canvas[..., 0])
    breast = grey > 0
    rows, columns = np.flatnonzero(breast.any(axis=1)), np.flatnonzero(breast.any(axis=0))
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.5).astype(np.float32)
    gradient = np.stack([cv2.Sobel(smooth, cv2.CV_32F, *order) for order in ((1, 0), (0, 1))], axis=-1).astype(
        np.float32
    )
    # The chest wall is the canvas' left edge, so only the skin counts as the breast's border.
    closed = cv2.copyMakeBorder(breast.astype(np.uint8), 0, 0, breast.shape[1], 0, cv2.BORDER_REPLICATE)
    depth = cv2.distanceTransform(closed, cv2.DIST_L2, 3)[:, breast.shape[1] :]
    return _Film(
        canvas,
        breast,
        sifted,
        depth.astype(np.float32),
        local_binary_pattern(canvas[..., 1], 8, 2, "uniform").astype(np.int64),
        gradient,
        (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1),
        (float(grey[breast].mean()), float(grey[breast].std())),
    )


def _describe(candidate: Candidate, rank: float, film: _Film) -> list[float]:
    """The features in the order of `NAMES`."""
    x1, y1, x2, y2 = candidate.box
    margin = max(3, round(0.35 * max(x2 - x1, y2 - y1)))
    height, width = film.breast.shape
    wx1, wy1, wx2, wy2 = max(0, x1 - margin), max(0, y1 - margin), min(width, x2 + margin), min(height, y2 + margin)
    window = np.s_[wy1:wy2, wx1:wx2]
    mask = np.zeros((wy2 - wy1, wx2 - wx1), np.uint8)
    mask[y1 - wy1 : y2 - wy1, x1 - wx1 : x2 - wx1] = candidate.mask
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (margin | 1, margin | 1))
    inside = mask.astype(bool)
    ring = cv2.dilate(mask, disc).astype(bool) & ~inside & film.breast[window]
    values = [candidate.scale, candidate.response, rank, *_shape(mask, candidate)]
    for channel in range(2):
        values += _brightness(film.canvas[window][..., channel], inside, ring)
    mean, deviation = film.breast_grey
    values.append((float(film.canvas[window][..., 0][inside].mean()) - mean) / max(deviation, 1.0))
    for sifted in film.sifted:
        within = float(sifted[window][inside].mean())
        values += [within, within - (float(sifted[window][ring].mean()) if ring.any() else 0.0)]
    values += _texture(film.canvas[y1:y2, x1:x2, 1])
    values += (np.bincount(film.patterns[window][inside], minlength=_PATTERNS) / inside.sum()).tolist()
    values += _edge(mask, film.gradient[window])
    left, top, right, bottom = film.extent
    values += [((x1 + x2) / 2 - left) / (right - left), ((y1 + y2) / 2 - top) / (bottom - top)]
    values += [float(film.depth[(y1 + y2) // 2, (x1 + x2) // 2]), mean, deviation, float(film.breast.mean())]
    return values


def _shape(mask: NDArray[np.uint8], candidate: Candidate) -> list[float]:
    x1, y1, x2, y2 = candidate.box
    sides = sorted((x2 - x1, y2 - y1))
    area = float(mask.sum())
    moments = cv2.moments(mask, binaryImage=True)
    spread = np.array([[moments["mu20"], moments["mu11"]], [moments["mu11"], moments["mu02"]]])
    small, large = np.linalg.eigvalsh(spread)
    outline = max(cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=len)
    hull = float(cv2.contourArea(cv2.convexHull(outline)))
    around = float(cv2.arcLength(outline, True))
    return [
        float(np.log(area)),
        sides[0] / sides[1],
        float(np.sqrt(max(0.0, 1.0 - small / max(large, 1e-6)))),
        float(cv2.contourArea(outline)) / max(hull, 1.0),
        area / (sides[0] * sides[1]),
        4 * np.pi * area / max(around, 1.0) ** 2,
    ]


def _brightness(grey: NDArray[np.uint8], inside: NDArray[np.bool_], ring: NDArray[np.bool_]) -> list[float]:
    """Mean, deviation, 10th and 90th percentile; contrast to the surrounding ring, plain and over its deviation."""
    values = grey[inside].astype(np.float32)
    around = grey[ring].astype(np.float32) if ring.any() else np.zeros(1, np.float32)
    low, high = np.percentile(values, [10, 90])
    contrast = float(values.mean() - around.mean())
    spread = float(values.std() + around.std())
    return [float(values.mean()), float(values.std()), float(low), float(high), contrast, contrast / max(spread, 1.0)]


def _texture(crop: NDArray[np.uint8]) -> list[float]:
    """Haralick's features of the grey-level co-occurrence in the box, averaged over four directions."""
    levels = (crop // (256 // _GREY_LEVELS)).astype(np.uint8)
    angles = [0.0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    matrices = graycomatrix(levels, [1, 3], angles, _GREY_LEVELS, symmetric=True, normed=True)
    table = np.stack([graycoprops(matrices, name).mean(axis=1) for name in _TEXTURES])
    return np.nan_to_num(table.T).ravel().tolist()


def _edge(mask: NDArray[np.uint8], gradient: NDArray[np.floating]) -> list[float]:
    """How well the gradient on the edge points to the centre (-1 to 1), its mean strength and its variation."""
    edge = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).astype(bool)
    y, x = np.nonzero(edge)
    middle = np.array([np.flatnonzero(mask.any(axis=0)).mean(), np.flatnonzero(mask.any(axis=1)).mean()])
    inward = middle - np.stack([x, y], axis=1)
    inward /= np.maximum(np.linalg.norm(inward, axis=1, keepdims=True), 1e-6)
    slope = gradient[y, x]
    strength = np.linalg.norm(slope, axis=1)
    along = (slope * inward).sum(axis=1)
    return [float((along / np.maximum(strength, 1.0)).mean()), float(along.mean()), float(along.std())]
