"""Keras' operations and layers, loosely typed.

Keras annotates them as the union of every backend's tensors and None, which no type checker can follow.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

Tensor = Any  # a tensor of whichever backend Keras runs on
ops: Any = keras.ops
layers: Any = keras.layers


@contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Layers built inside have this Keras dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
