"""The network that gives the numbers of films: as `standard`, but it also learns films without a mass.

Command, on PyTorch; DATA is the folder of the public data sets:

    KERAS_BACKEND=torch mammo-worker train covered --data DATA --weights WEIGHTS --out RUN

Cost: 1.8 s a step at 512 x 256 and 3.2 s at 704 x 352 on one core, 61 minutes in all. It marks half as many places on
normal films as a network without covered masses does, but its boxes are less precise
(`docs/results/mammography-tried.md`), so its findings are not shown: see `mammo-worker release --findings-of`.
"""

from dataclasses import replace

from mammo_worker.configs import standard
from mammo_worker.detector.lesions import LesionChanges
from mammo_worker.detector.plan import DetectorPlan
from mammo_worker.detector.scanner import ScannerChanges


def plan() -> DetectorPlan:
    """Cover the masses of a fifth of the films, paste masses into a tenth, and vary the appearance a little."""
    base = standard.plan()
    network = replace(base.network, mask=replace(base.network.mask, supervision="full"))
    return DetectorPlan(
        replace(base, network=network),
        # Covering succeeds on about four in ten of the films on which it is tried.
        lesions=LesionChanges(remove=0.5, paste=0.2),
        scanner=ScannerChanges(gamma=0.2, curve=0.25, digital=0.15, equalisation=0.4, sharpen=0.4, blur=0.4, noise=2.0),
    )
