"""Nuclei as numbers that a pathologist knows: density, size, variation."""

import numpy as np
from numpy.typing import NDArray

from histo_worker.baselines.nuclei import watershed_nuclei
from histo_worker.preprocessing.stain import optical_density
from histo_worker.preprocessing.windows import resize_area
from lobule.contracts.tissue import Nuclei

RGB8 = NDArray[np.uint8]

COARSEST_UM = 0.6
"""A nucleus of 7 micrometres is 12 pixels there; on a coarser field its outline is not seen."""
_READ_AT_UM = 0.5
_MOST_SIDE = 400  # pixels at _READ_AT_UM
_LEAST_UM2, _MOST_UM2 = 8.0, 400.0  # less is debris, more is several nuclei
_TISSUE_OD = 0.12
_FEW = 20


def measure_nuclei(field: RGB8, um_per_pixel: float) -> Nuclei | None:
    """Count and measure nuclei in the middle 0.2 mm of a field.

    Args:
        field: uint8 (height, width, 3).
        um_per_pixel: Of the field.

    Returns:
        None where the field is coarser than `COARSEST_UM`.
    """
    if um_per_pixel > COARSEST_UM:
        return None
    side = round(_MOST_SIDE * _READ_AT_UM / um_per_pixel)
    height, width = field.shape[:2]
    top, left = max(0, (height - side) // 2), max(0, (width - side) // 2)
    part = field[top : top + side, left : left + side]
    factor = um_per_pixel / _READ_AT_UM
    rows, columns = (max(16, round(n * factor)) for n in part.shape[:2])
    part = resize_area(np.ascontiguousarray(part), rows, columns)
    tissue_mm2 = float((optical_density(part).mean(axis=2) > _TISSUE_OD).sum()) * (_READ_AT_UM / 1000) ** 2
    areas = np.bincount(watershed_nuclei(part).ravel())[1:] * _READ_AT_UM**2
    areas = areas[(areas >= _LEAST_UM2) & (areas <= _MOST_UM2)]
    if not len(areas) or tissue_mm2 <= 0:
        return Nuclei(count=0, per_mm2=0.0, area_um2=None, area_variation=None)
    low, median, high = np.percentile(areas, [25, 50, 75])
    return Nuclei(
        count=len(areas),
        per_mm2=round(len(areas) / tissue_mm2, 0),
        area_um2=round(float(median), 1),
        area_variation=round(float((high - low) / median), 2) if len(areas) >= _FEW else None,
    )
