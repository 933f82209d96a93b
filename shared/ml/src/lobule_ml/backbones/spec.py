"""The specification of a backbone: how to build, scale, load and freeze it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import keras

Maps = dict[str, keras.KerasTensor]


@dataclass(frozen=True)
class BackboneSpec:
    """A convolutional backbone.

    Attributes:
        build: Builds feature maps by name from pixels (batch, height, width, 3), scaled as in pretraining: `C2`, `C3`,
            `C4` and `C5` at strides 4, 8, 16 and 32, `head`, which is the last map, and further maps of its own. It may
            leave out what is not needed for the wanted maps, whose names are the second argument.
        scale: Factor for each channel of pixels from 0 to 255.
        offset: Added to each channel after that.
        stages: Layer-name prefixes of the stem and of each following block, from input to output.
        coarse: Index in `stages` of the first block of C4.
        archive: File of the pretrained weights, relative to the folder of weights.
        licence: Licence of the pretrained weights, for the model card.
        key: Maps a variable's name (`layer/variable`) to its key in the archive.
    """

    build: Callable[[keras.KerasTensor, Collection[str]], Maps]
    scale: tuple[float, float, float]
    offset: tuple[float, float, float]
    stages: tuple[tuple[str, ...], ...]
    coarse: int
    archive: str
    licence: str
    key: Callable[[str], str] = str

    def layers_of(self, stages: slice) -> tuple[str, ...]:
        """Layer-name prefixes of some stages, empty if the slice is."""
        return tuple(prefix for stage in self.stages[stages] for prefix in stage)
