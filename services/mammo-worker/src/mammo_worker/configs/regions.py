"""The region classifier: EfficientNet-Lite0 on 224 x 224, its blocks up to stride 8 as ImageNet left them.

Command, for each of the five folds (`--fold 0` to `--fold 4`), and without `--fold` for the weights that ship:

    KERAS_BACKEND=torch mammo-worker train-regions regions --data DATA --weights WEIGHTS --cache RUNS/views \
        --fold 0 --out RUNS/fold0

Cost on one core: seven minutes for eight views of 2,808 crops, once, and ten minutes for the passes of a fold.
Expected result: `docs/results/regions.md`.
"""

from mammo_worker.regions.network import RegionNetwork
from mammo_worker.regions.plan import RegionPlan


def plan() -> RegionPlan:
    """The shipped one."""
    return RegionPlan(network=RegionNetwork(side=224, trunk_map="C3"), steps=560, views=8)
