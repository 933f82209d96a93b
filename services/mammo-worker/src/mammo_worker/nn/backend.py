"""Keras' operations and layers, loosely typed.

Keras annotates them as the union of every backend's tensors and None, which no type checker can follow.
"""

from typing import Any

import keras

Tensor = Any  # a tensor of whichever backend Keras runs on
ops: Any = keras.ops
layers: Any = keras.layers
