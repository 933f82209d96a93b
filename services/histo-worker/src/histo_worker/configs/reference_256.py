"""The thesis' "best" network at its own 256 pixels (stride 2, dropout, CLAHE), with a short modern recipe.

It trains one network for given folds: AdamW with cosine decay, 240 batches of 16 random crops, averaged weights.

    histo-worker train reference_256 --data BREAKHIS --folds dsfold1.txt --output PACKAGE --run RUN

Cost: 0.5 s a patch on one core (AMD EPYC with AVX-512), 35 minutes for its 3,840 patches; the thesis' recipe
(`reference_best`) takes fifty times as many.
Result: docs/results/histopathology-256.md.
"""

from dataclasses import replace

from histo_worker.configs import reference_best
from histo_worker.training.network_config import NetworkConfig
from histo_worker.training.trainer import MODERN_RECIPE


def plan() -> NetworkConfig:
    """The network of `reference_best`; for given folds, the package is the ensemble of their networks."""
    return replace(
        reference_best.plan(),
        name="reference-256",
        recipe=replace(MODERN_RECIPE, rate=1e-3, steps=240, batch=16, ema=0.97),
        final="ensemble",
    )
