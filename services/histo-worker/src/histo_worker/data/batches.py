"""Batches of patches for training, as plain arrays.

No backend's input pipeline, so that any Keras backend can eat them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from histo_worker.data.breakhis import Field
from histo_worker.preprocessing.augmentation import Augmentation
from histo_worker.preprocessing.windows import Window, cut_patches, random_windows, resize_area, sliding_windows
from lobule.imaging.decode import decode_rgb

RGB8 = NDArray[np.uint8]
Float = NDArray[np.float32]
Cropping = Literal["sliding", "random", "resizing"]

_RANDOM_CROPS = 20  # of each field in an epoch; the report draws 100


@dataclass
class PatchBatches:
    """Endless, shuffled batches of (patches, targets), the same for the same seed.

    Attributes:
        fields: The training fields.
        cropping: The report's three ways to patches (4.1.2).
        window: Side of a patch in pixels of the field.
        size: Side of a patch in pixels of the network's input.
        batch: Patches in a batch.
        preprocess: Applied to each patch; gives float32.
        augmentation: Applied to each patch before that, or None.
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
    _pixels: dict[str, RGB8] = field(default_factory=dict[str, RGB8], repr=False)

    def __iter__(self) -> Iterator[tuple[Float, NDArray[np.float32]]]:
        """Yield float32 (batch, size, size, 3) and float32 (batch,) for ever."""
        rng = np.random.default_rng(self.seed)
        patches: list[Float] = []
        targets: list[int] = []
        while True:
            for index in rng.permutation(len(self.fields)):
                one = self.fields[index]
                window = self._windows(one, rng)
                for patch in window:
                    patches.append(self.preprocess(self._augmented(patch, rng)))
                    targets.append(one.target)
                if (
                    len(patches) >= self.batch * 4
                ):  # a pool of several fields, so that a batch is not one field's patches
                    yield from self._drain(patches, targets, rng)

    def _drain(
        self, patches: list[Float], targets: list[int], rng: np.random.Generator
    ) -> Iterator[tuple[Float, NDArray[np.float32]]]:
        order = rng.permutation(len(patches))
        whole = len(order) // self.batch * self.batch
        for start in range(0, whole, self.batch):
            chosen = order[start : start + self.batch]
            yield np.stack([patches[i] for i in chosen]), np.array([targets[i] for i in chosen], np.float32)
        rest = [(patches[i], targets[i]) for i in order[whole:]]
        patches[:] = [p for p, _ in rest]
        targets[:] = [t for _, t in rest]

    def _windows(self, one: Field, rng: np.random.Generator) -> RGB8:
        pixels = self._pixels.get(one.name)
        if pixels is None:
            pixels = self._pixels[one.name] = decode_rgb(one.path.read_bytes())
        return crop_field(pixels, self.cropping, self.window, self.size, rng)

    def _augmented(self, patch: RGB8, rng: np.random.Generator) -> RGB8:
        return patch if self.augmentation is None else self.augmentation(patch, rng)


def crop_field(field: RGB8, cropping: Cropping, window: int, size: int, rng: np.random.Generator) -> RGB8:
    """Patches of a field by one of the report's ways; uint8 (n, size, size, 3).

    "resizing" takes squares of the field's full height and shrinks them by areas, as the report's code does.
    """
    height, width = field.shape[:2]
    if cropping == "sliding":
        windows = sliding_windows(height, width, window)
    elif cropping == "random":
        windows = random_windows(height, width, window, _RANDOM_CROPS, rng)
    else:
        side = min(height, width)
        windows = [Window(0, 0, side), Window((width - side) // 2, (height - side) // 2, side)]
        windows.append(Window(width - side, height - side, side))
        return np.stack([resize_area(w.cut(field), size, size) for w in windows])
    return cut_patches(field, windows, size)
