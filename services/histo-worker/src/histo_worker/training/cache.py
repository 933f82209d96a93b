"""Computed arrays on disk, under a key of everything that they depend on, by content."""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from histo_worker.data.breakhis import Field
from histo_worker.preprocessing import PREPROCESSING_VERSION
from lobule.model_package import sha256_of

Arrays = Sequence[NDArray[np.floating]]


def content_key(fields: Iterable[Field], *settings: object) -> str:
    """A key of the fields' pixels, labels and magnifications, and of settings, whose `repr`s must be complete.

    File names and folders do not count: the same files elsewhere have the same key, other pixels under the same names
    another one.
    """
    total = hashlib.sha256(repr((PREPROCESSING_VERSION, settings)).encode())
    hash_of = lru_cache(sha256_of)  # a file may hold many fields
    for f in fields:
        total.update(f"\n{hash_of(f.path)} {f.magnification} {f.target}{f.part}".encode())
    return total.hexdigest()[:32]


def cached(kept: Path | None, compute: Callable[[], Arrays]) -> list[NDArray[Any]]:
    """Arrays from `kept` where it exists, else computed and kept; None keeps nothing.

    A crash while writing leaves no file behind that would be read later.
    """
    if kept is not None and kept.exists():
        with np.load(kept) as archive:
            return [archive[name] for name in sorted(archive.files)]
    arrays = list(compute())
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_name(f"{kept.name}.{os.getpid()}.part")
        with part.open("wb") as stream:
            named: dict[str, Any] = {f"{i:06d}": array for i, array in enumerate(arrays)}
            np.savez(stream, **named)
        part.replace(kept)
    return arrays
