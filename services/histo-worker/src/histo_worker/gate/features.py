"""Features that separate H&E fields from other pictures: share of tissue, absorbed colours, texture."""

import cv2
import numpy as np
from numpy.typing import NDArray

from histo_worker.preprocessing.channels import channel_max, channel_mean, channel_min, channel_sum
from histo_worker.preprocessing.stain import optical_density
from histo_worker.preprocessing.windows import resize_area

RGB8 = NDArray[np.uint8]
Float = NDArray[np.float32]

_SIDE = 384  # longest side of the examined copy; finer detail adds time but no information
_PATCH, _PATCH_SIDE = 100, 200
"""A picture with a shorter longest side is a patch and is enlarged, because its compression would look like noise."""
TISSUE_OD = 0.12
"""Mean optical density over the colours from which a pixel is tissue."""

NAMES = (
    "tissue",
    "density_mean",
    "density_deviation",
    "red_share",
    "blue_share",
    "red_share_deviation",
    "blue_share_deviation",
    "green_strongest",
    "blue_strongest",
    "red_strongest",
    "saturation_mean",
    "saturation_p10",
    "saturation_p90",
    "off_plane",
    "colour_line",
    "fine_detail",
    "coarse_detail",
    "neighbour_luminance",
    "neighbour_colour",
    "glass_brightness",
    "glass_tint",
    "black",
)


def gate_features(field: RGB8) -> Float:
    """Describe a picture by `NAMES`.

    Args:
        field: uint8 (height, width, 3).

    Returns:
        float32 (len(NAMES),), finite for every picture.
    """
    small = _looked_at(field)
    density = optical_density(small)
    mean_density = channel_mean(density)
    tissue = mean_density > TISSUE_OD
    share = float(tissue.mean())
    inside = density[tissue] if share > 0.005 else density.reshape(-1, 3)
    values = [share, *_absorption(inside), *_texture(small), *_glass(small, mean_density)]
    return np.nan_to_num(np.array(values, np.float32), posinf=0.0, neginf=0.0)


def _looked_at(field: RGB8) -> RGB8:
    longest = max(field.shape[:2])
    if longest < _PATCH:
        factor = _PATCH_SIDE / longest
        enlarged = cv2.resize(field, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        return np.asarray(enlarged, np.uint8)
    scale = min(1.0, _SIDE / longest)
    return resize_area(field, max(8, round(field.shape[0] * scale)), max(8, round(field.shape[1] * scale)))


def _absorption(density: Float) -> list[float]:
    """Colours in optical-density space, in which a stain has one direction regardless of its amount."""
    mean = channel_mean(density)
    total = np.maximum(channel_sum(density), 1e-3)
    red, green, blue = (density[:, c] / total for c in range(3))
    low, high = channel_min(density), channel_max(density)
    saturation = (high - low) / np.maximum(high, 1e-3)
    variances = np.linalg.eigvalsh(np.cov(density, rowvar=False)) if len(density) > 3 else np.zeros(3)
    spread = max(float(variances.sum()), 1e-6)
    margin = 0.02
    return [
        float(mean.mean()),
        float(mean.std()),
        float(red.mean()),
        float(blue.mean()),
        float(red.std()),
        float(blue.std()),
        float((green >= np.maximum(red, blue) - margin).mean()),
        float((blue > np.maximum(red, green) + margin).mean()),
        float((red > np.maximum(green, blue) + margin).mean()),
        float(saturation.mean()),
        *(float(q) for q in np.percentile(saturation, [10, 90])),
        float(variances[0]) / spread,
        float(variances[2]) / spread,
    ]


def _texture(small: RGB8) -> list[float]:
    """Detail at two scales, and the correlation of neighbouring pixels, which is high for tissue and low for noise."""
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    luminance = lab[:, :, 0]
    deviation = max(float(luminance.std()), 1.0)
    blurred = cv2.GaussianBlur(luminance, (0, 0), 2)
    coarse = cv2.GaussianBlur(luminance, (0, 0), 8)
    return [
        float((luminance - blurred).std()) / deviation,
        float((blurred - coarse).std()) / deviation,
        _neighbour_likeness(luminance),
        min(_neighbour_likeness(lab[:, :, 1]), _neighbour_likeness(lab[:, :, 2])),
    ]


def _neighbour_likeness(plane: Float) -> float:
    """Correlation of each pixel with its right neighbour; 1 for a flat plane."""
    left, right = plane[:, :-1].ravel(), plane[:, 1:].ravel()
    scale = float(left.std() * right.std())
    return float(((left - left.mean()) * (right - right.mean())).mean()) / scale if scale > 1e-6 else 1.0


def _glass(small: RGB8, mean_density: Float) -> list[float]:
    """Features of the brightest pixels.

    In a light microscope these are bare glass. The share of black is included, because a microscope shows none.
    """
    bright = small[mean_density <= np.percentile(mean_density, 5)].astype(np.float32)
    return [
        float(bright.mean()) / 255,
        float(channel_max(bright).mean() - channel_min(bright).mean()) / 255,
        float((mean_density > 2.2).mean()),
    ]
