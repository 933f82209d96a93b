"""Random changes of a prepared film and its truth for training."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Augmentation:
    """Ranges of the random changes.

    Attributes:
        flip: Probability of a vertical flip (the chest wall stays on the left).
        scale: Smallest and largest factor.
        rotation: Largest angle to either side, degrees.
        shift: Largest shift to any side, share of the canvas.
        contrast: Largest change of gamma, as a log.
    """

    flip: float = 0.5
    scale: tuple[float, float] = (0.8, 1.25)
    rotation: float = 12.0
    shift: float = 0.06
    contrast: float = 0.25


def random_affine(
    how: Augmentation, source: tuple[int, int], target: tuple[int, int], chance: np.random.Generator
) -> NDArray[np.float64]:
    """A random map (2, 3) from a canvas of size `source` (height, width) to one of size `target`."""
    fit = target[0] / source[0]
    scale = fit * float(np.exp(chance.uniform(np.log(how.scale[0]), np.log(how.scale[1]))))
    angle = np.deg2rad(chance.uniform(-how.rotation, how.rotation))
    flip = -1.0 if chance.random() < how.flip else 1.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = scale * turn @ np.diag([1.0, flip])
    centre = np.array([source[1] / 2, source[0] / 2])
    shift = chance.uniform(-how.shift, how.shift, 2) * np.array([target[1], target[0]])
    # A scaled film stays at the chest wall, because films end there and not in the middle of the canvas.
    goal = np.array([target[1] / 2 * scale / fit, target[0] / 2]) + shift
    return np.concatenate([linear, (goal - linear @ centre)[:, None]], axis=1)


def transform_boxes(boxes: NDArray[np.floating], affine: NDArray[np.float64]) -> NDArray[np.float32]:
    """Boxes (N, 4) around the transformed ellipses in `boxes`, because masses are round."""
    if len(boxes) == 0:
        return np.zeros((0, 4), np.float32)
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]) / 2
    linear = affine[:, :2]
    moved = centre @ linear.T + affine[:, 2]
    reach = np.sqrt((linear[None] ** 2 * half[:, None] ** 2).sum(axis=-1))
    return np.concatenate([moved - reach, moved + reach], axis=1).astype(np.float32)


def warp(image: NDArray[np.uint8], affine: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Warp an image with the map to a canvas of `size`; pixel centres are at half integers."""
    pixel = affine.copy()
    pixel[:, 2] += affine[:, :2] @ np.array([0.5, 0.5]) - 0.5
    warped = cv2.warpAffine(image, pixel, size[::-1], flags=cv2.INTER_LINEAR)
    return warped.reshape(*size, *image.shape[2:]).astype(np.uint8)


def change_contrast(canvas: NDArray[np.uint8], how: Augmentation, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Apply a random gamma; black and white do not change."""
    gamma = float(np.exp(chance.uniform(-how.contrast, how.contrast)))
    table = (255.0 * (np.arange(256) / 255.0) ** gamma).astype(np.uint8)
    return cv2.LUT(canvas, table).astype(np.uint8)
