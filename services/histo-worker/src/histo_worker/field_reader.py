"""Cuts fields into patches, in the same way for training and in the service."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from histo_worker.preprocessing.operations import OPERATIONS
from histo_worker.preprocessing.quarters import turn_windows, turned_back
from histo_worker.preprocessing.stain import normalise_stain
from histo_worker.preprocessing.windows import Window, covering_windows, cut_patches
from histo_worker.scale import UM_OF_MAGNIFICATION
from lobule.contracts.result import Magnification

RGB8 = NDArray[np.uint8]

MEASURED: tuple[Magnification, ...] = ("40X", "100X", "200X")
"""The magnifications at which the packaged model is measured."""
SUPPOSED: tuple[Magnification, ...] = ("40X", "100X")
"""The magnifications at which a field of unknown scale is read."""


class Reading(NamedTuple):
    """A field cut into patches.

    Attributes:
        patches: uint8 (n, size, size, 3), as the network reads them: see `turned`.
        windows: Their positions, in pixels of the field as it was read.
        scale: Scale at which the field was read; 1 unless it had to be shrunk.
        share: Share of the covering windows that were read; 1 unless the field is large.
        turned: Whether the patches are turned (`preprocessing.quarters`), and `upright` turns their maps back.
    """

    patches: RGB8
    windows: list[Window]
    scale: float
    share: float = 1.0
    turned: bool = False

    def upright(self, maps: NDArray[np.floating]) -> NDArray[np.float32]:
        """Turn the maps (n, rows, columns) of the patches as the field lies."""
        values: NDArray[np.float32] = np.asarray(maps, np.float32)
        return turned_back(values) if self.turned else values


@dataclass(frozen=True)
class FieldReader:
    """The `input` section of a manifest, as a function.

    Attributes:
        size: Side of a patch in the network's input.
        window: Side of a patch in pixels of the field.
        stain_strength: Strength of the stain normalisation, 0 to 1.
        max_patches: Largest number of patches, spread evenly over larger fields; if the scale of such a field is
            unknown, it is shrunk first.
        window_at: The magnification of `window`. At another one the window has the number of pixels that shows the same
            tissue, so that nuclei have the same size in every patch. None: the same pixels at every magnification.
        operation: A key of `OPERATIONS`, applied to each patch; empty keeps the pixels from 0 to 255.
        turned: Whether the windows are turned in turn (`preprocessing.quarters`), so that orientation matters little.
    """

    size: int
    window: int
    stain_strength: float = 0.0
    max_patches: int = 400
    window_at: Magnification | None = None
    operation: str = ""
    turned: bool = False

    def __post_init__(self) -> None:
        """Refuse an unknown operation."""
        if self.operation and self.operation not in OPERATIONS:
            raise ValueError(f"there is no operation {self.operation!r}; choose one of {', '.join(OPERATIONS)}")

    @classmethod
    def from_manifest(cls, section: Mapping[str, Any]) -> "FieldReader":
        """Read a manifest's `input` section.

        Raises:
            TypeError, ValueError: A key of the section is missing or unknown.
        """
        return cls(**{key: value for key, value in section.items() if key != "description"})

    def sides(self, magnification: Magnification | None, um_per_pixel: float | None = None) -> list[int]:
        """Sides of the windows in pixels of the field: one if its scale is known, else one for each that is supposed.

        Args:
            magnification: Magnification of the field, if known.
            um_per_pixel: Micrometres per pixel of the field, if known; takes precedence over the magnification.
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
            magnification: Magnification of the field. If no scale is known, the field is read at each supposed one.
            um_per_pixel: See `sides`.
        """
        sides = self.sides(magnification, um_per_pixel)
        has_scale = self.window_at is not None and len(sides) == 1
        readings = [self._sample(field, sides[0])] if has_scale else [self._read(field, side) for side in sides]
        return [r._replace(patches=turn_windows(r.patches), turned=True) for r in readings] if self.turned else readings

    def prepare(self, patches: RGB8) -> NDArray[np.float32]:
        """Prepare patches for the network as float32 (n, size, size, 3).

        Separate from `read`, because an image's patches take four times as much memory as float32.
        """
        if not self.operation:
            return patches.astype(np.float32)
        return np.stack([OPERATIONS[self.operation](patch) for patch in patches])

    def _sample(self, field: RGB8, side: int) -> Reading:
        """Windows at the field's own scale, because shrinking changes the look of tissue."""
        whole = len(covering_windows(field.shape[0], field.shape[1], side))
        if whole <= self.max_patches:
            return self._read(field, side)
        windows = covering_windows(field.shape[0], field.shape[1], side, self.max_patches)
        return Reading(self._cut(field, windows), windows, 1.0, len(windows) / whole)

    def _read(self, field: RGB8, side: int) -> Reading:
        scale = 1.0
        windows = covering_windows(field.shape[0], field.shape[1], side)
        while len(windows) > self.max_patches:
            scale *= 0.9
            windows = covering_windows(*self._scaled(field, scale), side)
        if scale < 1:  # without a shrunk copy of the field, which may take as much memory as the field
            return Reading(self._cut(field, [window.scaled(1 / scale) for window in windows]), windows, scale)
        if self.stain_strength > 0:
            field = normalise_stain(field, self.stain_strength)
        return Reading(cut_patches(field, windows, self.size), windows, scale)

    def _cut(self, field: RGB8, windows: list[Window]) -> RGB8:
        """Patches of a large field, whose dyes are normalised patch by patch."""
        patches = cut_patches(field, windows, self.size)
        if self.stain_strength > 0:
            patches = np.stack([normalise_stain(patch, self.stain_strength) for patch in patches])
        return patches

    @staticmethod
    def _scaled(field: RGB8, scale: float) -> tuple[int, int]:
        return max(1, round(field.shape[0] * scale)), max(1, round(field.shape[1] * scale))


def _possible(magnification: Magnification | None) -> tuple[Magnification, ...]:
    return SUPPOSED if magnification is None else (magnification,)


def _times(magnification: Magnification) -> int:
    return int(magnification.removesuffix("X"))
