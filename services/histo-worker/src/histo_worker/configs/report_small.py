"""The report's "best" network for 64-pixel patches, a short run that two cores can do.

Cost: about one minute a fold on two quiet cores.
Result: see docs/results/histopathology.md, written by `histo-worker reproduce`.
"""

from dataclasses import replace

from histo_worker.training.network_config import NetworkConfig
from histo_worker.training.trainer import REPORT_RECIPE

CONFIG = NetworkConfig(
    variant="best",
    size=64,
    window=256,
    cropping="random",
    operation="clahe",
    recipe=replace(REPORT_RECIPE, steps=100, batch=32, halve_at=(60,), rate=0.02, validate_every=50, patience=0),
)
