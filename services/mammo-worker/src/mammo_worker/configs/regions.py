"""The region classifier: EfficientNet-Lite0 on 192 x 192, its blocks up to stride 16 as ImageNet left them.

Command, for each of the five folds (`--fold 0` to `--fold 4`):

    KERAS_BACKEND=torch mammo-worker train-regions regions --data DATA --weights WEIGHTS --cache RUNS/views \
        --fold 0 --out RUNS/fold0

Cost on one core: six minutes for five views of 2,808 crops, once, and two minutes for the four passes of a fold.
Expected result: `docs/results/regions.md`.
"""

from mammo_worker.regions.network import RegionNetwork
from mammo_worker.regions.plan import RegionPlan


def plan() -> RegionPlan:
    """The shipped one."""
    return RegionPlan(network=RegionNetwork(side=192), steps=280, views=5)
