"""Twelve features of a field's nuclei: two of texture and ten of shape (George et al., IEEE Systems Journal 2014)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.measure import regionprops

RGB8 = NDArray[np.uint8]
Float = NDArray[np.floating]

NAMES = (
    "texture_mean",
    "texture_deviation",
    "area",
    "perimeter",
    "equivalent_diameter",
    "compactness",
    "eccentricity",
    "solidity",
    "extent",
    "major_axis",
    "minor_axis",
    "smoothness",
)
_MIN_AREA, _MAX_AREA = 15, 2000  # pixels; less is debris, more is several nuclei


def nuclei_features(field: RGB8, labels: NDArray[np.integer]) -> Float:
    """Mean and deviation over the nuclei of each of `NAMES`, and the share of the field that they cover.

    Args:
        field: uint8 (height, width, 3).
        labels: (height, width), 0 for background.

    Returns:
        (2 * len(NAMES) + 1,); zeros where there is no nucleus.
    """
    grey = field.mean(axis=2)
    rows = [_describe(r) for r in regionprops(labels, grey) if _MIN_AREA <= r.area <= _MAX_AREA]
    covered = float((labels > 0).mean())
    if not rows:
        return np.r_[np.zeros(2 * len(NAMES)), covered]
    table = np.array(rows)
    return np.r_[table.mean(axis=0), table.std(axis=0), covered]


def _describe(region: Any) -> list[float]:  # scikit-image's region properties have no types
    image = np.asarray(region.image)
    values = np.asarray(region.image_intensity)[image]
    perimeter, area = max(float(region.perimeter), 1.0), float(region.area)
    radii = np.linalg.norm(np.argwhere(image) - np.array(image.shape) / 2, axis=1)
    return [
        float(values.mean()),
        float(values.std()),
        area,
        perimeter,
        float(region.equivalent_diameter_area),
        perimeter**2 / (4 * np.pi * area),
        float(region.eccentricity),
        float(region.solidity),
        float(region.extent),
        float(region.axis_major_length),
        float(region.axis_minor_length),
        float(radii.std() / max(radii.mean(), 1e-6)),
    ]
