"""The region classifier: EfficientNet-Lite0 on 224 x 224, whose blocks up to stride 8 keep their ImageNet weights.

Command, for each of the five folds (`--fold 0` to `--fold 4`), and without `--fold` for the shipped weights:

    KERAS_BACKEND=torch mammo-worker train-regions regions --data DATA --weights WEIGHTS --cache RUNS/views \
        --fold 0 --out RUNS/fold0

Cost on one core: seven minutes for eight views of 2,808 crops, once, and ten minutes for the passes of a fold.
Expected result: `docs/results/regions.md`.
"""

from mammo_worker.regions.network import RegionNetwork
from mammo_worker.regions.plan import RegionPlan


def plan() -> RegionPlan:
    """The shipped classifier's plan."""
    return RegionPlan(network=RegionNetwork(side=224, trunk_map="C3"), steps=560, views=8)
