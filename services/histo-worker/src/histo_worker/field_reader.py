"""How a field becomes patches, the same in training and in service."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from histo_worker.preprocessing.operations import OPERATIONS
from histo_worker.preprocessing.stain import normalise_stain
from histo_worker.preprocessing.windows import Window, covering_windows, cut_patches, resize_area
from histo_worker.scale import UM_OF_MAGNIFICATION
from lobule.contracts.result import Magnification

RGB8 = NDArray[np.uint8]

MEASURED: tuple[Magnification, ...] = ("40X", "100X")
"""What the packaged models are measured at."""


class Reading(NamedTuple):
    """A field cut into patches.

    Attributes:
        patches: uint8 (n, size, size, 3).
        windows: Where they lie, in pixels of the field as it was read.
        scale: At which the field was read; 1 unless it had to be shrunk.
        share: Of the windows that would cover the field, those that were read; 1 unless it is large.
    """

    patches: RGB8
    windows: list[Window]
    scale: float
    share: float = 1.0


@dataclass(frozen=True)
class FieldReader:
    """The `input` section of a manifest, as a function.

    Attributes:
        size: Side of a patch as the network sees it.
        window: Side of a patch in pixels of the field.
        stain_strength: How far stains are moved to the reference, 0 to 1.
        max_patches: Of a field that needs more, so many are read, evenly spread; where its scale is not known, it is
            shrunk first.
        window_at: The magnification that `window` is meant for. At another one the window is as many pixels as show as
            much tissue, so that a nucleus has the same size in every patch. None: the same pixels at all.
        operation: A key of `OPERATIONS`, applied to each patch; empty leaves the pixels in 0..255.
    """

    size: int
    window: int
    stain_strength: float = 0.0
    max_patches: int = 400
    window_at: Magnification | None = None
    operation: str = ""

    def __post_init__(self) -> None:
        """Refuse an operation that is not known."""
        if self.operation and self.operation not in OPERATIONS:
            raise ValueError(f"there is no operation {self.operation!r}; there are {', '.join(OPERATIONS)}")

    @classmethod
    def from_manifest(cls, section: Mapping[str, Any]) -> "FieldReader":
        """Read a manifest's `input` section.

        Raises:
            TypeError, ValueError: The section lacks something or holds something unknown.
        """
        return cls(**{key: value for key, value in section.items() if key != "description"})

    def sides(self, magnification: Magnification | None, um_per_pixel: float | None = None) -> list[int]:
        """Sides of the windows, in pixels of the field: one where its scale is known, else of all measured ones.

        Args:
            magnification: Of the field, if known.
            um_per_pixel: Of the field, if known; counts before the magnification.
        """
        if self.window_at is None:
            return [self.window]
        if um_per_pixel is not None:
            return [max(1, round(self.window * UM_OF_MAGNIFICATION[self.window_at] / um_per_pixel))]
        return [round(self.window * _times(m) / _times(self.window_at)) for m in _possible(magnification)]

    def read(
        self, field: RGB8, magnification: Magnification | None, um_per_pixel: float | None = None
    ) -> list[Reading]:
        """Cut a field into patches.

        A field's logit is the mean over its readings of the mean over their patches.

        Args:
            field: uint8 (height, width, 3).
            magnification: Of the field. Where no scale is known, the field is read as each one that was measured.
            um_per_pixel: See `sides`.
        """
        sides = self.sides(magnification, um_per_pixel)
        has_scale = self.window_at is not None and len(sides) == 1
        return [self._sample(field, sides[0])] if has_scale else [self._read(field, side) for side in sides]

    def prepare(self, patches: RGB8) -> NDArray[np.float32]:
        """Patches as the network takes them, float32 (n, size, size, 3).

        Apart from `read`, because an image's patches take four times as much memory as float32.
        """
        if not self.operation:
            return patches.astype(np.float32)
        return np.stack([OPERATIONS[self.operation](patch) for patch in patches])

    def _sample(self, field: RGB8, side: int) -> Reading:
        """Windows at the field's own scale: tissue would look different if it was shrunk."""
        whole = len(covering_windows(field.shape[0], field.shape[1], side))
        if whole <= self.max_patches:
            return self._read(field, side)
        windows = covering_windows(field.shape[0], field.shape[1], side, self.max_patches)
        patches = cut_patches(field, windows, self.size)
        if self.stain_strength > 0:
            patches = np.stack([normalise_stain(patch, self.stain_strength) for patch in patches])
        return Reading(patches, windows, 1.0, len(windows) / whole)

    def _read(self, field: RGB8, side: int) -> Reading:
        scale = 1.0
        windows = covering_windows(field.shape[0], field.shape[1], side)
        while len(windows) > self.max_patches:
            scale *= 0.9
            windows = covering_windows(*self._scaled(field, scale), side)
        shrunk = resize_area(field, *self._scaled(field, scale))
        if self.stain_strength > 0:
            shrunk = normalise_stain(shrunk, self.stain_strength)
        return Reading(cut_patches(shrunk, windows, self.size), windows, scale)

    @staticmethod
    def _scaled(field: RGB8, scale: float) -> tuple[int, int]:
        return max(1, round(field.shape[0] * scale)), max(1, round(field.shape[1] * scale))


def _possible(magnification: Magnification | None) -> tuple[Magnification, ...]:
    return MEASURED if magnification is None else (magnification,)


def _times(magnification: Magnification) -> int:
    return int(magnification.removesuffix("X"))
