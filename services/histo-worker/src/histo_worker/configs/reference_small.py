"""The thesis' "best" network for 64-pixel patches, with a short training that is feasible on two cores.

    histo-worker train reference_small --data BREAKHIS --output PACKAGE --run RUN

Cost: six networks, for five folds and for all fields, of about one minute each on two quiet cores.
Result: see docs/results/histopathology.md, written by `histo-worker reproduce`.
"""

from dataclasses import replace

from histo_worker.training.network_config import NetworkConfig
from histo_worker.training.trainer import REFERENCE_RECIPE


def plan() -> NetworkConfig:
    """The thesis' network at 64 pixels, for a short training."""
    return NetworkConfig(
        name="reference-small",
        variant="best",
        size=64,
        window=256,
        cropping="random",
        operation="clahe",
        recipe=replace(REFERENCE_RECIPE, steps=100, batch=32, halve_at=(60,), rate=0.02),
    )
