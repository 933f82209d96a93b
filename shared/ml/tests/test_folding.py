"""Batch norms are merged into the layers before them only where the network stays the same function."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from lobule_ml.folding import folded
from lobule_ml.keras_types import layers


def _used_twice(pixels: Any) -> Any:
    before = layers.Conv2D(4, 3, padding="same")(pixels)
    return layers.Add()([layers.BatchNormalization()(before), before])


def _also_an_output(pixels: Any) -> Any:
    before = layers.Conv2D(4, 3)(pixels)
    return [layers.BatchNormalization()(before), before]


def _with_an_activation(pixels: Any) -> Any:
    return layers.BatchNormalization()(layers.Conv2D(4, 3, activation="relu")(pixels))


@pytest.mark.parametrize("build", [_used_twice, _also_an_output, _with_an_activation])
def test_a_batch_norm_that_cannot_be_merged_stays(build: Callable[[Any], Any]):
    pixels = keras.Input((8, 8, 3))
    model = keras.Model(pixels, build(pixels))
    chance = np.random.default_rng(0)
    model.set_weights([chance.uniform(0.5, 1.5, each.shape) for each in model.get_weights()])
    picture = chance.uniform(-1, 1, (1, 8, 8, 3)).astype(np.float32)
    for before, after in zip(
        keras.tree.flatten(model(picture)), keras.tree.flatten(folded(model)(picture)), strict=True
    ):
        np.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-4)
