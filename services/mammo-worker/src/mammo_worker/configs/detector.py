"""The detector in five folds: the shipped network, hand-drawn masks, 2,900 steps, other scanners' appearance.

Command, for each of the five folds (`--fold 0` to `--fold 4`), and once without `--fold` for the weights to ship:

    KERAS_BACKEND=torch mammo-worker train detector --data DATA --cbis-ddsm all --weights WEIGHTS --fold 0 --out RUN

Cost: 1.6 hours on one core. Result: no better than the shipped weights, see `docs/results/mammography-tried.md`.
"""

from dataclasses import replace

from mammo_worker.configs import standard
from mammo_worker.detector.lesions import LesionChanges
from mammo_worker.detector.plan import DetectorPlan
from mammo_worker.detector.scanner import ScannerChanges
from mammo_worker.training.plan import Phase


def plan() -> DetectorPlan:
    """Train on small films first, at half the cost per step, then at the served size.

    Masses are neither moved nor removed, and the scanner's appearance is varied by half of the range, because
    `detector_again` with the full range was worse than its start.
    """
    base = standard.plan()
    phases = (Phase(2000, canvas=(512, 256)), Phase(900, canvas=(704, 352)))
    return DetectorPlan(
        replace(base, phases=phases, average_momentum=0.99),
        lesions=LesionChanges(remove=0.0, paste=0.0),
        scanner=ScannerChanges(
            gamma=0.25, curve=0.35, digital=0.15, equalisation=0.5, sharpen=0.5, blur=0.5, noise=2.0
        ),
    )
