"""The shipped detector trained further, for films that are prepared differently from its training films.

Command, starting from a package and on its training patients:

    export KERAS_BACKEND=torch
    mammo-worker train detector_again --data DATA --weights WEIGHTS --package PACKAGE --out RUN

Cost: 1,100 steps, about 45 minutes on one core.
"""

from dataclasses import replace

from mammo_worker.configs import standard
from mammo_worker.detector.plan import DetectorPlan
from mammo_worker.training.plan import Phase


def plan() -> DetectorPlan:
    """Use half of the shipped network's rate; the served size is trained last and longest."""
    phases = (Phase(400, canvas=(512, 256)), Phase(700, canvas=(704, 352)))
    base = replace(standard.plan(), phases=phases, learning_rate=2.5e-4, warm_up=50, average_momentum=0.99)
    return DetectorPlan(base)
