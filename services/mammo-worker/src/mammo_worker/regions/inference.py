"""What a trained region classifier says of regions."""

from collections.abc import Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from mammo_worker.regions.prepare import PreparedRegion

_BATCH = 16


def classify(whole: keras.Model, regions: Sequence[PreparedRegion]) -> NDArray[np.float64]:
    """Probabilities (N, len(targets.NAMES)) of regions, averaged over each region and its mirror image.

    Args:
        whole: `RegionModel.whole`.
        regions: Prepared at the size that it was built for.
    """
    said: list[NDArray[np.float64]] = []
    for start in range(0, len(regions), _BATCH):
        part = regions[start : start + _BATCH]
        canvases, sizes = np.stack([r.canvas for r in part]), np.stack([r.size for r in part])
        logits = [np.asarray(whole.predict_on_batch([c, sizes])) for c in (canvases, canvases[:, :, ::-1])]
        said.append(1 / (1 + np.exp(-np.mean(logits, axis=0, dtype=np.float64))))
    return np.concatenate(said)
