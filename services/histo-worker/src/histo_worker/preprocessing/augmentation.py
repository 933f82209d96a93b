"""Random changes that do not affect the diagnosis: the thesis' geometry (4.1.2) and other laboratories' dyes."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from histo_worker.preprocessing.stain import jitter_stain

RGB8 = NDArray[np.uint8]


@dataclass(frozen=True)
class Augmentation:
    """One affine map and one change of dyes for each patch.

    Attributes:
        rotation: Degrees, uniform within +-rotation.
        translation: Share of the side, uniform in +-translation.
        shear: Degrees, uniform in +-shear.
        stretch: Each axis is scaled by a factor between 1/stretch and stretch, uniform in its logarithm.
        flip: Whether to mirror each axis with probability one half.
        stain: Spread of the stains' concentrations (`jitter_stain`); 0 keeps the colours.
    """

    rotation: float = 180.0
    translation: float = 0.1
    shear: float = 10.0
    stretch: float = 1.3
    flip: bool = True
    stain: float = 0.25

    def __call__(self, patch: RGB8, rng: np.random.Generator) -> RGB8:
        """A changed copy of a uint8 (height, width, 3) patch, of the same shape; borders are mirrored."""
        height, width = patch.shape[:2]
        matrix = self.affine(height, width, rng)[:2]
        changed = cv2.warpAffine(
            patch, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
        changed = changed.astype(np.uint8)
        return jitter_stain(changed, rng, self.stain) if self.stain else changed

    def affine(self, height: int, width: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """The 3x3 map from pixels of the patch to those of the changed patch, around its centre."""
        turn, lean = (
            np.deg2rad(rng.uniform(-self.rotation, self.rotation)),
            np.tan(np.deg2rad(rng.uniform(-self.shear, self.shear))),
        )
        scale = np.exp(rng.uniform(-1, 1, 2) * np.log(self.stretch))
        if self.flip:
            scale *= rng.choice([-1.0, 1.0], 2)
        shift = rng.uniform(-self.translation, self.translation, 2) * [width, height]
        centre = np.array([(width - 1) / 2, (height - 1) / 2])
        rotate = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        linear = rotate @ np.array([[1, lean], [0, 1]]) @ np.diag(scale)
        matrix = np.eye(3)
        matrix[:2, :2] = linear
        matrix[:2, 2] = centre + shift - linear @ centre
        return matrix
