"""A network's variables as named arrays: the format of the pretrained weights and of our model packages."""

from collections.abc import Callable, Iterator, Mapping

import keras
import numpy as np
from numpy.typing import NDArray

_HALF_FROM = 4096  # rounding smaller kernels would save too little


def named_variables(net: keras.Model) -> Iterator[tuple[str, keras.Variable]]:
    """All variables of a network as `layer/variable`, including those of nested networks."""
    for layer in net.layers:
        if isinstance(layer, keras.Model):
            yield from named_variables(layer)
        else:
            for variable in layer.weights:
                yield f"{layer.name}/{variable.name}", variable


def set_variables(net: keras.Model, arrays: Mapping[str, NDArray[np.generic]], key: Callable[[str], str] = str) -> None:
    """Copy named arrays into a network's variables; arrays without a variable are ignored.

    Args:
        net: The network.
        arrays: Arrays by key.
        key: Maps a variable's name to its key.

    Raises:
        KeyError: A variable of the network is not among the arrays.
        ValueError: A shape differs.
    """
    for name, variable in named_variables(net):
        array = np.asarray(arrays[key(name)], dtype=np.float32)
        if array.shape != tuple(variable.shape):
            raise ValueError(f"{name} has shape {array.shape}, not {tuple(variable.shape)}")
        variable.assign(array)


def get_variables(net: keras.Model) -> dict[str, NDArray[np.generic]]:
    """A network's variables as arrays for storage: large kernels in float16, everything else in float32."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for name, variable in named_variables(net):
        array = np.asarray(variable.numpy())
        half = name.endswith("kernel") and array.size >= _HALF_FROM
        arrays[name] = array.astype(np.float16 if half else np.float32)
    return arrays
