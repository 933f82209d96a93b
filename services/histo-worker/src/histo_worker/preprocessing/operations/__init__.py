"""Operations on patches before the network, by name.

An operation takes one uint8 RGB patch (height, width, 3) and returns float32 of the same shape, centred near zero or
scaled to [0, 1], as noted. To add one, write a module here with a function under `@register("name")`.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lobule_ml.registry import Registry

RGB8 = NDArray[np.uint8]
Float = NDArray[np.float32]
Operation = Callable[[RGB8], Float]

OPERATIONS: Registry[Operation] = Registry("operation", __name__)
register = OPERATIONS.register
