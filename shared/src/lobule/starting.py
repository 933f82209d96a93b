"""The start of programs."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collection() -> Iterator[None]:
    """Import modules and load models inside, without searches for garbage.

    What they make stays, so later searches leave it out, too. While the gateway or TensorFlow is imported, searches
    take a quarter of the CPU time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
