"""Keras' operations and layers, loosely typed.

Keras annotates them as the union of every backend's tensors and None, which type checkers cannot narrow.
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
    """Build layers with this Keras dtype policy inside the context."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
