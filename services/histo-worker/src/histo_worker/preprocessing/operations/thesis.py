"""The preprocessing methods that the thesis compares (4.1.2, 5.1.1, table 7)."""

import cv2
import numpy as np

from histo_worker.preprocessing.operations import RGB8, Float, register


@register("raw")
def raw(patch: RGB8) -> Float:
    """The pixels, scaled to [0, 1]."""
    return np.divide(patch, 255, dtype=np.float32)


@register("demean")
def demean(patch: RGB8) -> Float:
    """Subtract the patch's mean colour; scaled as in `raw`."""
    scaled = raw(patch)
    return (scaled - scaled.mean(axis=(0, 1), dtype=np.float64)).astype(np.float32)


@register("whiten")
def whiten(patch: RGB8) -> Float:
    """Normalise the whole patch to mean 0 and deviation 1.

    A flat patch becomes 0, because the deviation has a lower limit as in the thesis.
    """
    values = patch.astype(np.float32)
    return ((values - values.mean()) / max(float(values.std()), 1 / np.sqrt(values.size))).astype(np.float32)


@register("clahe")
def clahe(patch: RGB8) -> Float:
    """Contrast-limited adaptive histogram equalisation of luminance, scaled to [0, 1]."""
    return raw(clahe_rgb(patch))


@register("gaussian_clahe")
def gaussian_clahe(patch: RGB8) -> Float:
    """Subtract the Gaussian-smoothed patch, centred on mid-grey, then apply CLAHE.

    The thesis subtracts in 8 bits, where negative values wrap around; centring on mid-grey loses nothing.
    """
    smooth = cv2.GaussianBlur(patch, (0, 0), patch.shape[0] / 30)
    detail = np.clip(patch.astype(np.int16) - smooth + 128, 0, 255).astype(np.uint8)
    return clahe(detail)


@register("clahe_whiten")
def clahe_whiten(patch: RGB8) -> Float:
    """Apply CLAHE, then whiten."""
    return whiten(clahe_rgb(patch))


@register("whiten_clahe")
def whiten_clahe(patch: RGB8) -> Float:
    """Whiten, convert +-3 deviations to 8 bits, then apply CLAHE."""
    return clahe(np.clip((whiten(patch) + 3) * (255 / 6), 0, 255).astype(np.uint8))


@register("pca_whiten")
def pca_whiten(patch: RGB8) -> Float:
    """Rotate colours to their principal axes and scale them to unit variance (the thesis' whitening formula)."""
    rotated, vectors, variances = _principal(patch)
    del vectors
    return (rotated / np.sqrt(variances + 1e-5)).reshape(patch.shape).astype(np.float32)


@register("zca_whiten")
def zca_whiten(patch: RGB8) -> Float:
    """Apply `pca_whiten` and rotate back, so that colours stay near their original ones."""
    rotated, vectors, variances = _principal(patch)
    return ((rotated / np.sqrt(variances + 1e-5)) @ vectors.T).reshape(patch.shape).astype(np.float32)


def clahe_rgb(patch: RGB8) -> RGB8:
    """CLAHE on the luminance of YUV, clip limit 2.0, 8 by 8 tiles (the thesis' parameters)."""
    yuv = cv2.cvtColor(patch, cv2.COLOR_RGB2YUV)
    yuv[:, :, 0] = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(yuv[:, :, 0])
    return cv2.cvtColor(yuv, cv2.COLOR_YUV2RGB).astype(np.uint8)


def _principal(patch: RGB8) -> tuple[Float, Float, Float]:
    """Centred colours on their principal axes, the axes as columns, and the variances."""
    colours = patch.reshape(-1, 3).astype(np.float32) / 255
    colours -= colours.mean(axis=0)
    variances, vectors = np.linalg.eigh(colours.T @ colours / len(colours))
    return colours @ vectors, vectors, np.maximum(variances, 0)
