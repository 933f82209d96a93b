"""How a field becomes patches, the same in training and in service."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from histo_worker.preprocessing.stain import normalise_stain
from histo_worker.preprocessing.windows import Window, covering_windows, cut_patches, resize_area

RGB8 = NDArray[np.uint8]


@dataclass(frozen=True)
class FieldReader:
    """The `input` section of a manifest, as a function.

    Attributes:
        size: Side of a patch as the network sees it.
        window: Side of a patch in pixels of the field.
        stain_strength: How far stains are moved to the reference, 0 to 1.
        max_patches: A field that needs more is shrunk first.
    """

    size: int
    window: int
    stain_strength: float = 0.0
    max_patches: int = 400

    @classmethod
    def from_manifest(cls, section: dict[str, Any]) -> "FieldReader":
        """Read a manifest's `input` section.

        Raises:
            KeyError, TypeError: The section lacks something or holds something unknown.
        """
        return cls(**{key: value for key, value in section.items() if key != "description"})

    def read(self, field: RGB8) -> tuple[RGB8, list[Window], float]:
        """Cut a field into patches.

        Args:
            field: uint8 (height, width, 3).

        Returns:
            Patches, uint8 (n, size, size, 3); their windows, in pixels of the field as it was read; and the scale at
            which it was read, 1 unless the field had to be shrunk.
        """
        scale = 1.0
        windows = covering_windows(field.shape[0], field.shape[1], self.window)
        while len(windows) > self.max_patches:
            scale *= 0.9
            windows = covering_windows(*self._scaled(field, scale), self.window)
        shrunk = resize_area(field, *self._scaled(field, scale))
        if self.stain_strength > 0:
            shrunk = normalise_stain(shrunk, self.stain_strength)
        return cut_patches(shrunk, windows, self.size), windows, scale

    @staticmethod
    def _scaled(field: RGB8, scale: float) -> tuple[int, int]:
        return max(1, round(field.shape[0] * scale)), max(1, round(field.shape[1] * scale))
