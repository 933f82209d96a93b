"""What a trained region classifier says of regions."""

from collections.abc import Iterator, Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from mammo_worker.regions.prepare import PreparedRegion

_BATCH = 16


def classify(whole: keras.Model, regions: Sequence[PreparedRegion]) -> NDArray[np.float64]:
    """Probabilities (N, len(targets.NAMES)) of regions, averaged over their eight mirrorings and quarter turns.

    The network learned from all eight alike, and a lesion has no side that is up.

    Args:
        whole: `RegionModel.whole`.
        regions: Prepared at the size that it was built for.
    """
    said: list[NDArray[np.float64]] = []
    for start in range(0, len(regions), _BATCH):
        part = regions[start : start + _BATCH]
        canvases, sizes = np.stack([r.canvas for r in part]), np.stack([r.size for r in part])
        logits = [np.asarray(whole.predict_on_batch([c, sizes])) for c in _orientations(canvases)]
        said.append(1 / (1 + np.exp(-np.mean(logits, axis=0, dtype=np.float64))))
    return np.concatenate(said)


def _orientations(canvases: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Square canvases (N, side, side, channels), mirrored and turned."""
    for mirrored in (canvases, canvases[:, :, ::-1]):
        for turns in range(4):
            yield np.ascontiguousarray(np.rot90(mirrored, turns, (1, 2)))
