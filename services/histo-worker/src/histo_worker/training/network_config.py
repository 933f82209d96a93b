"""A configuration of the thesis' networks, and its training and scoring on given fields."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import keras
import numpy as np
from numpy.typing import NDArray

from histo_worker.data.batches import Cropping, PatchBatches, crop_field
from histo_worker.data.breakhis import Field
from histo_worker.field_reader import FieldReader
from histo_worker.models.reference_resnet import reference_resnet
from histo_worker.preprocessing.augmentation import Augmentation
from histo_worker.preprocessing.operations import OPERATIONS
from histo_worker.training.config import HistologyConfig
from histo_worker.training.trainer import LogitsOf, Recipe, train_network

Float = NDArray[np.floating]

_MAX_TESTED = 24  # patches of a field: small windows overlap so much that more of them say the same


@dataclass(frozen=True, kw_only=True)
class NetworkConfig(HistologyConfig):
    """One cell of the thesis' comparisons.

    Attributes:
        variant: A key of `reference_resnet.FAMILY`.
        size: Side of the network's input: 64, 128, 256 or 512.
        window: Side of a patch in pixels of the field.
        cropping: The way to patches in training.
        operation: A key of `OPERATIONS`.
        recipe: How to learn.
        augmentation: Random changes in training, or None.
    """

    variant: str
    size: int
    window: int
    cropping: Cropping
    operation: str
    recipe: Recipe
    augmentation: Augmentation | None = None
    seeds: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        """Refuse an operation or a cropping that is not known."""
        if self.operation not in OPERATIONS:
            raise ValueError(f"there is no operation {self.operation!r}; there are {', '.join(OPERATIONS)}")
        if self.cropping not in get_args(Cropping):
            raise ValueError(f"there is no cropping {self.cropping!r}; there are {', '.join(get_args(Cropping))}")

    @property
    def reader(self) -> FieldReader:
        """How the service reads fields for this network."""
        return FieldReader(self.size, self.window, operation=self.operation)

    def build(self) -> keras.Model:
        """The network, initialised by the seed.

        Raises:
            KeyError, ValueError: The variant is not known or does not fit the size.
        """
        keras.utils.set_random_seed(self.seed)
        net = reference_resnet(self.variant, self.size, self.recipe.penalty)
        for layer in net.layers:
            if isinstance(layer, keras.layers.BatchNormalization):  # a short run must forget where its averages began
                layer.momentum = max(0.0, min(layer.momentum, 1 - 10 / self.recipe.steps))
        return net


def train_on_fields(
    config: NetworkConfig, fields: Sequence[Field], folder: Path, *, until: int | None = None
) -> tuple[keras.Model, int]:
    """Train one of the thesis' networks on patches of given fields.

    Args:
        config: The configuration.
        fields: The training fields.
        folder: For the log and the state, from which a stopped run goes on.
        until: Stop before this step, to go on later.

    Returns:
        The network, and the steps done.
    """
    net = config.build()
    batches = PatchBatches(
        fields, config.cropping, config.window, config.size, config.recipe.batch, OPERATIONS[config.operation],
        config.augmentation, config.seed,
    )  # fmt: skip
    return net, train_network(net, batches, config.recipe, folder, until=until)


def patch_logits(config: NetworkConfig, net: keras.Model, fields: Sequence[Field]) -> list[Float]:
    """Logits of each field's patches, of `_MAX_TESTED` evenly chosen ones where there are more.

    Sliding windows stand in for random crops, so that scores are not random.
    """
    logits_of = LogitsOf(net)
    cropping: Cropping = "sliding" if config.cropping == "random" else config.cropping
    scores = []
    for field in fields:
        pixels = field.pixels()
        patches = crop_field(pixels, cropping, config.window, config.size, np.random.default_rng(0))
        patches = patches[np.linspace(0, len(patches) - 1, min(len(patches), _MAX_TESTED)).round().astype(int)]
        scores.append(logits_of(np.stack([OPERATIONS[config.operation](p) for p in patches])))
    return scores
