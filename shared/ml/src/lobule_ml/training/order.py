"""The order of examples over a training."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def epoch_order(count: int, seed: int) -> Callable[[int], int]:
    """Which example comes at a position of an endless sequence: each once per pass, every pass in a new order.

    Args:
        count: Examples.
        seed: Of the order.
    """

    @lru_cache(2)
    def order(epoch: int) -> NDArray[np.int64]:
        return np.random.default_rng((seed, 0, epoch)).permutation(count)

    return lambda position: int(order(position // count)[position % count])
