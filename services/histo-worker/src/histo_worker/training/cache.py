"""Stores computed arrays on disk, under a key of the content of everything that they depend on."""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from histo_worker.data.breakhis import Field
from histo_worker.preprocessing import PREPROCESSING_VERSION
from lobule.model_package import sha256_of
from lobule_ml.batch import tracked
from lobule_ml.locks import locked

Arrays = Sequence[NDArray[np.floating]]
T = TypeVar("T")

_PART = 32  # fields per part, so that a killed program loses less than a minute


def content_key(fields: Iterable[Field], *settings: object) -> str:
    """A key from the fields' pixels, labels and magnifications, and from settings, whose `repr`s must be complete.

    File names and folders do not matter: the same files elsewhere have the same key, other pixels under the same names
    have another one.
    """
    total = hashlib.sha256(repr((PREPROCESSING_VERSION, settings)).encode())
    hash_of = lru_cache(sha256_of)  # a file can contain many fields
    for f in fields:
        total.update(f"\n{hash_of(f.path)} {f.magnification} {f.target}{f.part}".encode())
    return total.hexdigest()[:32]


def cached(file: Path | None, compute: Callable[[], Arrays]) -> list[NDArray[Any]]:
    """Read arrays from `file` if it exists, otherwise compute and store them; None stores nothing.

    A crash while writing leaves no incomplete file.
    """
    if file is not None and file.exists():
        with np.load(file) as archive:
            return [archive[name] for name in sorted(archive.files)]
    arrays = list(compute())
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f"{file.name}.{os.getpid()}.part")
        with part.open("wb") as stream:
            named: dict[str, Any] = {f"{i:06d}": array for i, array in enumerate(arrays)}
            np.savez(stream, **named)
        part.replace(file)
    return arrays


def cached_rows(file: Path | None, items: Sequence[T], row: Callable[[T], Arrays], noun: str) -> list[NDArray[Any]]:
    """Compute a row of arrays for each item, like `cached`; a killed program resumes after its finished parts.

    If another process computes the same file, this one waits for it, and then reads it.

    Args:
        file: See `cached`; the parts are stored beside it until it is written.
        items: At least one item.
        row: Returns a row of each array.
        noun: The word for the items in the progress bar.
    """
    parts = None if file is None else file.with_suffix(".parts")

    def compute() -> Arrays:
        done: list[list[NDArray[Any]]] = []
        remaining = iter(tracked(items, noun, len(items)))
        for start in range(0, len(items), _PART):
            part = None if parts is None else parts / f"{start:06d}.npz"
            count = min(_PART, len(items) - start)
            if part is not None and part.exists():
                for _ in range(count):
                    next(remaining)
            done.append(cached(part, lambda count=count: _stacked(row(next(remaining)) for _ in range(count))))
        return _joined(done)

    if file is None or parts is None:
        return cached(None, compute)
    if not file.exists():
        lock = file.with_suffix(".lock")
        with locked(lock, lambda: print(f"{noun}: waiting for another process", file=sys.stderr)):
            cached(file, compute)
            lock.unlink(missing_ok=True)  # whoever waits for it, or makes it again, finds the file
    shutil.rmtree(parts, ignore_errors=True)
    return cached(file, compute)


def _stacked(rows: Iterable[Arrays]) -> Arrays:
    return [np.stack(column) for column in zip(*rows, strict=True)]


def _joined(parts: Iterable[Arrays]) -> Arrays:
    return [np.concatenate(column) for column in zip(*parts, strict=True)]
