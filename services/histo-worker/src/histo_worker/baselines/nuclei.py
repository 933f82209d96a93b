"""Nuclei of a field.

They are found as seeds and separated by a marker-controlled watershed (George et al., 2014), or segmented by the
clusterings of Kowal et al. (2013).
"""

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.feature import peak_local_max
from skimage.segmentation import watershed
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from histo_worker.preprocessing.operations.thesis import clahe_rgb
from histo_worker.preprocessing.stain import REFERENCE_STAINS, concentrations, estimate_stains, optical_density

RGB8 = NDArray[np.uint8]
Labels = NDArray[np.int32]
Float = NDArray[np.floating]
Clustering = Literal["kmeans", "fuzzy_cmeans", "gaussian_mixture"]

_SAMPLE = 4000  # number of pixels to which a clustering is fitted


def haematoxylin(field: RGB8) -> Float:
    """Amount of the nuclear stain per pixel, smoothed, (height, width)."""
    density = optical_density(field)
    stains = estimate_stains(density)
    amounts = concentrations(density, REFERENCE_STAINS if stains is None else stains)
    return np.asarray(cv2.GaussianBlur(amounts[:, :, 0], (0, 0), 1.5), np.float32)


def nucleus_seeds(field: RGB8, radius: int = 5, method: Literal["maxima", "circles"] = "maxima") -> NDArray[np.intp]:
    """Centres of nuclei, (n, 2) as (row, column).

    Args:
        field: uint8 (height, width, 3).
        radius: Radius of a nucleus, in pixels.
        method: Local maxima of the nuclear stain after CLAHE, or Hough circles.
    """
    stain = haematoxylin(clahe_rgb(field))
    if method == "maxima":
        return peak_local_max(
            stain, min_distance=radius, threshold_abs=float(np.percentile(stain, 75)), exclude_border=False
        )
    grey = cv2.normalize(stain, np.zeros(stain.shape, np.float32), 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    found = cv2.HoughCircles(
        grey, cv2.HOUGH_GRADIENT, 1.5, 2 * radius, param1=80, param2=12, minRadius=radius // 2, maxRadius=radius * 3
    )
    if found is None:
        return np.zeros((0, 2), np.intp)
    height, width = grey.shape
    centres = np.asarray(found).reshape(-1, 3)[:, [1, 0]].round().astype(np.intp)
    return np.clip(centres, 0, [height - 1, width - 1])


def watershed_nuclei(field: RGB8, radius: int = 5, method: Literal["maxima", "circles"] = "maxima") -> Labels:
    """Nuclei by marker-controlled watershed on the nuclear stain; 0 is background, other values number the nuclei."""
    stain = haematoxylin(field)
    return _flood(stain, _otsu(stain), nucleus_seeds(field, radius, method))


def clustered_nuclei(field: RGB8, clustering: Clustering, radius: int = 5, seed: int = 0) -> Labels:
    """Nuclei as the one of three pixel clusters with the most nuclear stain, then separated by watershed.

    Kowal et al. cluster colours after smoothing; the three clusters are nuclei, stroma and glass.
    """
    smooth = cv2.GaussianBlur(field, (0, 0), 1.5)
    colours = smooth.reshape(-1, 3).astype(np.float64) / 255
    rng = np.random.default_rng(seed)
    sample = colours[rng.choice(len(colours), min(_SAMPLE, len(colours)), replace=False)]
    if clustering == "gaussian_mixture":
        mixture = GaussianMixture(3, random_state=seed, reg_covar=1e-5).fit(sample)
        members, centres = mixture.predict(colours), np.asarray(mixture.means_)
    else:
        start = KMeans(3, random_state=seed).fit(sample).cluster_centers_
        centres = start if clustering == "kmeans" else fuzzy_cmeans(sample, start)
        members = ((colours[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
    darkest = int(centres[:, 0].argmin())  # haematoxylin absorbs red
    mask = (members == darkest).reshape(field.shape[:2])
    return _flood(haematoxylin(field), mask, nucleus_seeds(field, radius))


def fuzzy_cmeans(points: Float, start: Float, fuzziness: float = 2.0, rounds: int = 50) -> Float:
    """Centres (clusters, dimensions) by fuzzy C-means (Bezdek 1981), starting from given centres."""
    centres = start.copy()
    for _ in range(rounds):
        distances = np.maximum(np.linalg.norm(points[:, None] - centres[None], axis=2), 1e-9)
        inverse = distances ** (-2 / (fuzziness - 1))
        powers = (inverse / inverse.sum(axis=1, keepdims=True)) ** fuzziness
        moved = powers.T @ points / powers.sum(axis=0)[:, None]
        if np.abs(moved - centres).max() < 1e-4:
            return moved
        centres = moved
    return centres


def _otsu(stain: Float) -> NDArray[np.bool_]:
    grey = cv2.normalize(stain, np.zeros(stain.shape, np.float32), 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    _, mask = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return mask > 0


def _flood(stain: Float, mask: NDArray[np.bool_], seeds: NDArray[np.intp]) -> Labels:
    markers = np.zeros(stain.shape, np.int32)
    inside = seeds[mask[seeds[:, 0], seeds[:, 1]]] if len(seeds) else seeds
    markers[inside[:, 0], inside[:, 1]] = np.arange(1, len(inside) + 1)
    return watershed(-stain, markers, mask=mask).astype(np.int32)
