"""Model packages of the workers: writes weights, card and manifest, and builds networks from them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.models import ModelManifest
from lobule.errors import AnalysisError
from lobule.model_package import ModelPackage, sha256_of

WEIGHTS_FILE = "weights.npz"
MANIFEST_FILE = "model.json"
CARD_FILE = "MODEL_CARD.md"


class StoredWeights(NamedTuple):
    """The weights file of a package as its manifest names it.

    Attributes:
        weights_file: Name of the file.
        weights_sha256: SHA-256 of its content.
    """

    weights_file: str
    weights_sha256: str


def half_precision(weights: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """Kernels in float16; vectors (biases, batch-norm statistics) stay in float32, because they need its range."""
    return [w.astype(np.float16) if w.ndim > 1 else w.astype(np.float32) for w in weights]


def in_order(weights: Sequence[NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Name arrays by their position, for networks whose weights are identified by order."""
    return {f"{i:04d}": w for i, w in enumerate(weights)}


def read_weights(path: Path) -> list[NDArray[Any]]:
    """Read the arrays of an `.npz` in the order in which they were saved."""
    with np.load(path) as saved:
        return [saved[name] for name in saved.files]


def write_weights(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> StoredWeights:
    """Write the weights of a package.

    Args:
        folder: Folder of the package, created if necessary.
        arrays: Arrays by name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    named: dict[str, Any] = dict(arrays)
    np.savez_compressed(folder / WEIGHTS_FILE, **named)
    return StoredWeights(WEIGHTS_FILE, sha256_of(folder / WEIGHTS_FILE))


def write_description(folder: Path, manifest: ModelManifest, card: str) -> None:
    """Write the card and then the manifest, so that an incomplete package never has a manifest.

    Args:
        folder: Folder of the package, with its weights.
        manifest: Description of the package.
        card: Model card in Markdown.
    """
    (folder / CARD_FILE).write_text(card, "utf-8")
    (folder / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=1) + "\n", "utf-8")


@contextmanager
def building(package: ModelPackage) -> Iterator[None]:
    """Turn errors while building a package's network into an `AnalysisError`.

    Raises:
        AnalysisError: `model_unavailable` if the package does not fit this version of the worker.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        problem = f"{type(error).__name__}: {error}"
        raise AnalysisError(
            "model_unavailable", "other_version", package=package.manifest.name, problem=problem
        ) from None
