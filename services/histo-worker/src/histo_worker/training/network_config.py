"""A configuration of the report's networks, and its training and scoring on given fields."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from histo_worker.data.batches import Cropping, PatchBatches, crop_field
from histo_worker.data.breakhis import Field
from histo_worker.models.report_resnet import report_resnet
from histo_worker.preprocessing.augmentation import Augmentation
from histo_worker.preprocessing.operations import OPERATIONS
from histo_worker.training.trainer import LogitsOf, Recipe, train_network
from lobule.imaging.decode import decode_rgb

Float = NDArray[np.floating]

_MAX_TESTED = 24  # patches of a field: small windows overlap so much that more of them say the same


@dataclass(frozen=True)
class NetworkConfig:
    """One cell of the report's comparisons.

    Attributes:
        variant: A key of `report_resnet.FAMILY`.
        size: Side of the network's input.
        window: Side of a patch in pixels of the field.
        cropping: The way to patches.
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


def train_on_fields(
    config: NetworkConfig, fields: Sequence[Field], folder: Path, *, seed: int = 0, verbose: int = 1
) -> keras.Model:
    """Train one of the report's networks on patches of given fields.

    Args:
        config: The configuration.
        fields: The training fields.
        folder: For the log and for what a resumed run needs.
        seed: Of initial weights, order, crops and augmentation.
        verbose: Keras' progress bars.
    """
    keras.utils.set_random_seed(seed)
    net = report_resnet(config.variant, config.size, config.recipe.weight_decay)
    for layer in net.layers:
        if isinstance(layer, keras.layers.BatchNormalization):  # a short run must forget where its averages began
            layer.momentum = min(layer.momentum, 1 - 10 / config.recipe.steps)
    batches = PatchBatches(
        fields, config.cropping, config.window, config.size, config.recipe.batch, OPERATIONS[config.operation],
        config.augmentation, seed,
    )  # fmt: skip
    train_network(net, iter(batches), None, config.recipe, folder, verbose=verbose)
    return net


def patch_logits(config: NetworkConfig, net: keras.Model, fields: Sequence[Field]) -> list[Float]:
    """Logits of each field's patches, of `_MAX_TESTED` evenly chosen ones where there are more.

    Sliding windows stand in for random crops, so that scores do not depend on luck.
    """
    logits_of = LogitsOf(net)
    cropping: Cropping = "sliding" if config.cropping == "random" else config.cropping
    scores = []
    for field in fields:
        pixels = decode_rgb(field.path.read_bytes())
        patches = crop_field(pixels, cropping, config.window, config.size, np.random.default_rng(0))
        patches = patches[np.linspace(0, len(patches) - 1, min(len(patches), _MAX_TESTED)).round().astype(int)]
        scores.append(logits_of(np.stack([OPERATIONS[config.operation](p) for p in patches])))
    return scores
