"""Batches of patches for training, as NumPy arrays, which every Keras backend accepts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from histo_worker.data.breakhis import Field
from histo_worker.preprocessing.augmentation import Augmentation
from histo_worker.preprocessing.windows import Window, cut_patches, random_windows, sliding_windows
from lobule_ml.training.order import epoch_order

RGB8 = NDArray[np.uint8]
Float = NDArray[np.float32]
Cropping = Literal["sliding", "random", "resizing"]

_RANDOM_CROPS = 20  # number of crops if all patches of a field are requested; the thesis draws 100
_KEPT_BYTES = 1 << 30  # bytes of decoded fields in memory; further fields are decoded each time they are drawn


@dataclass
class PatchBatches:
    """Batches of (patches, targets) by step: a batch depends only on its step and the seed.

    Every epoch draws one patch of each field, in a new order.

    Attributes:
        fields: The training fields.
        cropping: One of the thesis' three methods for making patches (4.1.2).
        window: Side of a patch in pixels of the field.
        size: Side of a patch in pixels of the network's input.
        batch: Patches in a batch.
        preprocess: Applied to each patch; returns float32.
        augmentation: Applied to each patch before `preprocess`, or None.
        seed: Seed of order, crops and augmentation.
    """

    fields: Sequence[Field]
    cropping: Cropping
    window: int
    size: int
    batch: int
    preprocess: Callable[[RGB8], Float]
    augmentation: Augmentation | None = None
    seed: int = 0
    _pixels: dict[int, RGB8] = field(default_factory=dict[int, RGB8], repr=False)
    _kept: int = 0

    def __call__(self, step: int) -> tuple[Float, Float]:
        """The batch of a step: float32 (batch, size, size, 3) and float32 (batch,)."""
        positions = range(step * self.batch, (step + 1) * self.batch)
        indices = [self._order(position) for position in positions]
        patches = [self._patch(index, position) for index, position in zip(indices, positions, strict=True)]
        return np.stack(patches), np.array([self.fields[i].target for i in indices], np.float32)

    @cached_property
    def _order(self) -> Callable[[int], int]:
        return epoch_order(len(self.fields), self.seed)

    def _patch(self, index: int, position: int) -> Float:
        rng = np.random.default_rng((self.seed, 1, position))
        pixels = self._field(index)
        windows = _windows(pixels, self.cropping, self.window, 1, rng)
        chosen = windows[int(rng.integers(len(windows)))]
        patch = cut_patches(pixels, [chosen], self.size)[0]
        return self.preprocess(patch if self.augmentation is None else self.augmentation(patch, rng))

    def _field(self, index: int) -> RGB8:
        pixels = self._pixels.get(index)
        if pixels is None:
            pixels = self.fields[index].pixels()
            if self._kept + pixels.nbytes <= _KEPT_BYTES:
                self._pixels[index] = pixels
                self._kept += pixels.nbytes
        return pixels


def crop_field(pixels: RGB8, cropping: Cropping, window: int, size: int, rng: np.random.Generator) -> RGB8:
    """Patches of a field by one of the thesis' methods; uint8 (n, size, size, 3)."""
    return cut_patches(pixels, _windows(pixels, cropping, window, _RANDOM_CROPS, rng), size)


def _windows(pixels: RGB8, cropping: Cropping, window: int, crops: int, rng: np.random.Generator) -> list[Window]:
    """Windows of a field, not larger than the field.

    "resizing" takes squares of the field's full height and shrinks them by averaging areas, as the thesis' code does.
    """
    height, width = pixels.shape[:2]
    side = min(height, width)
    if cropping == "sliding":
        return sliding_windows(height, width, min(window, side))
    if cropping == "random":
        return random_windows(height, width, min(window, side), crops, rng)
    corners = (0, 0), ((width - side) // 2, (height - side) // 2), (width - side, height - side)
    return [Window(x, y, side) for x, y in corners]
