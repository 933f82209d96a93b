"""Random changes of a prepared region in training."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.regions.prepare import PreparedRegion


@dataclass(frozen=True)
class RegionAugmentation:
    """Ranges of the changes of a region.

    Attributes:
        rotation: Largest angle to either side, degrees; one of the eight mirrorings and quarter turns is applied first.
        scale: Smallest and largest factor. Above 1 the margins are lost, as in a region that is drawn too tightly.
        shift: Largest shift to any side, share of the canvas.
        gamma: Largest change of gamma, as a log.
        brightness: Largest shift of the grey, levels.
        slope: Largest difference of brightness from one side to the other, levels, as by scanners and thickness.
        noise: Largest standard deviation of the noise, levels.
        blur: Largest standard deviation of the blur, pixels.
        size: Standard deviation of the noise on the size's logarithms.
    """

    rotation: float = 20.0
    scale: tuple[float, float] = (0.8, 1.2)
    shift: float = 0.05
    gamma: float = 0.3
    brightness: float = 20.0
    slope: float = 15.0
    noise: float = 5.0
    blur: float = 0.7
    size: float = 0.1


def augment(prepared: PreparedRegion, how: RegionAugmentation, chance: np.random.Generator) -> PreparedRegion:
    """Return a changed copy of a region."""
    canvas = _move(prepared.canvas, how, chance).astype(np.float32)
    inside = canvas[..., :1] > 0
    canvas[..., :2] = 255.0 * (canvas[..., :2] / 255.0) ** np.exp(chance.uniform(-how.gamma, how.gamma))
    canvas[..., 2] *= np.exp(chance.uniform(-how.gamma, how.gamma))
    side = canvas.shape[0]
    ramp = np.linspace(-0.5, 0.5, side, dtype=np.float32)
    across, down = chance.uniform(-how.slope, how.slope, 2)
    canvas[..., 0] += chance.uniform(-how.brightness, how.brightness) + across * ramp + down * ramp[:, None]
    noise = chance.standard_normal(canvas.shape[:2], np.float32) * np.float32(chance.uniform(0, how.noise))
    canvas[..., :2] += noise[..., None]
    if chance.random() < 0.3:
        canvas = cv2.GaussianBlur(canvas, (0, 0), max(0.05, chance.uniform(0, how.blur)))
    canvas = np.clip(canvas, 0, 255) * inside
    size = prepared.size + chance.normal(0, how.size, prepared.size.shape).astype(np.float32)
    return PreparedRegion(canvas.astype(np.uint8), size)


def _move(canvas: NDArray[np.uint8], how: RegionAugmentation, chance: np.random.Generator) -> NDArray[np.uint8]:
    side = canvas.shape[0]
    angle = np.deg2rad(90 * chance.integers(4) + chance.uniform(-how.rotation, how.rotation))
    mirror = -1.0 if chance.random() < 0.5 else 1.0
    scale = np.exp(chance.uniform(*np.log(how.scale)))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = scale * turn @ np.diag([mirror, 1.0])
    middle = np.full(2, (side - 1) / 2)
    shift = chance.uniform(-how.shift, how.shift, 2) * side
    affine = np.concatenate([linear, (middle + shift - linear @ middle)[:, None]], axis=1)
    return cv2.warpAffine(canvas, affine, (side, side), flags=cv2.INTER_LINEAR).astype(np.uint8)
