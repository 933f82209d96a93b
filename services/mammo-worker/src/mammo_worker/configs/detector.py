"""The detector in five folds: the shipped network, hand-drawn masks, 4,000 steps, lesions moved between breasts.

Command, for each of the five folds (`--fold 0` to `--fold 4`), and once without `--fold` for the weights to ship:

    KERAS_BACKEND=torch mammo-worker train-detector detector --data DATA --weights WEIGHTS --fold 0 --out RUNS/fold0

Cost: see `docs/training.md`. Expected result: not known yet.
"""

from dataclasses import replace

from mammo_worker.configs import standard
from mammo_worker.detector.plan import DetectorPlan
from mammo_worker.training.plan import Phase


def plan() -> DetectorPlan:
    """Small films first, where a step costs half, then the size that is served."""
    base = standard.plan()
    phases = (Phase(3000, canvas=(512, 256)), Phase(1000, canvas=(704, 352)))
    return DetectorPlan(replace(base, phases=phases, average_momentum=0.99))
