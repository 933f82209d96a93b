"""Changes batches of patches to look as if from other laboratories: geometry, dyes, light, sharpness, compression."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from histo_worker.preprocessing.stain import REFERENCE_STAINS, optical_density

RGB8 = NDArray[np.uint8]
Float = NDArray[np.float32]

_NEITHER = np.cross(REFERENCE_STAINS[0], REFERENCE_STAINS[1])
_STAINS = np.stack([*REFERENCE_STAINS, _NEITHER / np.linalg.norm(_NEITHER)])
"""Unit rows haematoxylin, eosin and what neither explains."""


@dataclass(frozen=True)
class Laboratory:
    """Ranges of differences between laboratories, which are drawn for every patch.

    Attributes:
        stretch: A patch shows between 1/stretch and stretch times its side.
        dyes: Spread of the logarithm of each dye's amount.
        hue: Deviation of each dye's direction in optical density.
        light: Spread of the white balance and of the lamp, in optical density.
        blur: Largest deviation of the blur, in pixels.
        quality: Lowest quality of JPEG.
    """

    stretch: float = 1.25
    dyes: float = 0.3
    hue: float = 0.05
    light: float = 0.08
    blur: float = 0.9
    quality: int = 40

    def cut(self, image: RGB8, side: int, rng: np.random.Generator) -> RGB8:
        """Cut a rotated, mirrored and scaled square of an image, which is mirrored at its borders if it is smaller."""
        height, width = image.shape[:2]
        scale = np.exp(rng.uniform(-1, 1) * np.log(self.stretch))
        turn = rng.uniform(0, 2 * np.pi)
        linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        if rng.random() < 0.5:
            linear[:, 0] *= -1
        room = np.maximum(np.array([width, height]) - side * scale, 0) / 2
        centre = np.array([(width - 1) / 2, (height - 1) / 2]) + rng.uniform(-1, 1, 2) * room
        matrix = np.column_stack([linear, centre - linear @ np.full(2, (side - 1) / 2)])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        patch = cv2.warpAffine(image, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REFLECT)
        if rng.random() < 0.5:
            patch = cv2.GaussianBlur(patch, (0, 0), rng.uniform(0.2, self.blur))
        if rng.random() < 0.4:
            quality = int(rng.integers(self.quality, 96))
            patch = cv2.imdecode(cv2.imencode(".jpg", patch, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1)
        return np.asarray(patch, np.uint8)

    def dye(self, patches: RGB8, rng: np.random.Generator) -> Float:
        """Change dyes and light of each patch; float32 from 0 to 255."""
        count = len(patches)
        amounts = np.exp(rng.uniform(-self.dyes, self.dyes, (count, 3, 1)) + rng.uniform(-0.2, 0.2, (count, 1, 1)))
        directions = _STAINS + rng.normal(0, self.hue, (count, 3, 3))
        directions /= np.linalg.norm(directions, axis=2, keepdims=True)
        matrices = (np.linalg.inv(_STAINS) @ (amounts * directions)).astype(np.float32)
        shift = rng.uniform(-self.light, self.light, (count, 1, 3)) + rng.uniform(-0.05, 0.1, (count, 1, 1))
        density = optical_density(patches).reshape(count, -1, 3) @ matrices + shift.astype(np.float32)
        return (np.clip(np.exp(-np.maximum(density, 0)) * 256 - 1, 0, 255)).reshape(patches.shape).astype(np.float32)
