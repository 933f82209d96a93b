"""The thesis' "best" network by the thesis' recipe.

Stride-2 stem, dropout, CLAHE, patches of 256 pixels by random crops.

    histo-worker train reference_best --data BREAKHIS --output PACKAGE --run RUN [--set size=128]

Cost: six networks, for five folds and for all fields. Each takes five hours on a Tesla K40m for the full data set,
according to the thesis, or about 25 s per step of 64 patches on two cores. Train it on an accelerator, or at 64 pixels
(0.3 s per step).
Result: not measured at this size by us; the thesis states 85.46 % at image level and 88.17 % at patient level at 100X.
"""

from histo_worker.training.network_config import NetworkConfig
from histo_worker.training.trainer import REFERENCE_RECIPE


def plan() -> NetworkConfig:
    """The thesis' network at its own size."""
    return NetworkConfig(
        name="reference-best",
        variant="best",
        size=256,
        window=256,
        cropping="random",
        operation="clahe",
        recipe=REFERENCE_RECIPE,
    )
