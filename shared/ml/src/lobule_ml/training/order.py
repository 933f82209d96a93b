"""The order of examples during a training."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def epoch_order(count: int, seed: int) -> Callable[[int], int]:
    """Return a function from a position of an endless sequence to an example: each once an epoch, in a new order.

    Args:
        count: Number of examples.
        seed: Seed of the order.
    """

    @lru_cache(2)
    def order(epoch: int) -> NDArray[np.int64]:
        return np.random.default_rng((seed, 0, epoch)).permutation(count)

    return lambda position: int(order(position // count)[position % count])
