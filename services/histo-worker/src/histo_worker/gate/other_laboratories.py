"""Changes real fields to look as if from other laboratories, so that the gate does not overfit to one camera."""

import cv2
import numpy as np
from numpy.typing import NDArray

from histo_worker.preprocessing.stain import from_optical_density, jitter_stain, optical_density

RGB8 = NDArray[np.uint8]


def other_laboratory(field: RGB8, rng: np.random.Generator) -> RGB8:
    """Change a field to look as if from another laboratory.

    Random changes are: a part of the field, resolution, dyes and their strength, light, white balance, contrast,
    colourfulness, noise, sharpness, and JPEG compression. The ranges are deliberately wide, because refusing a real
    field does more harm than accepting a wrong picture.
    """
    height, width = field.shape[:2]
    part = rng.uniform(0.3, 1.0)
    rows, columns = int(part * height), int(part * width)
    y, x = int(rng.integers(0, height - rows + 1)), int(rng.integers(0, width - columns + 1))
    changed = np.ascontiguousarray(field[y : y + rows, x : x + columns])
    scale = float(np.exp(rng.uniform(np.log(0.4), np.log(1.8)))) if rng.random() < 0.7 else 1.0
    if scale != 1.0:
        kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        changed = cv2.resize(changed, None, fx=scale, fy=scale, interpolation=kind).astype(np.uint8)
    changed = jitter_stain(changed, rng, 0.35)
    strength = float(np.exp(rng.uniform(np.log(0.45), np.log(1.8))))
    light = from_optical_density((optical_density(changed) * strength).astype(np.float32)).astype(np.float32) / 255
    light = light ** np.exp(rng.uniform(-0.35, 0.35)) * rng.uniform(0.6, 1.12) * np.exp(rng.uniform(-0.16, 0.16, 3))
    grey = light.mean(axis=2, keepdims=True)
    light = grey + (light - grey) * rng.uniform(0.6, 1.4)
    changed = np.clip(light * 255 + rng.normal(0, rng.uniform(0, 5), light.shape), 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        changed = cv2.GaussianBlur(changed, (0, 0), rng.uniform(0.5, 2.5)).astype(np.uint8)
    _, stored = cv2.imencode(".jpg", changed, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 96))])
    return np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR), np.uint8)
