"""A network whose marks depend little on whether films are scanned or digital: half of its films look digital.

Command, on PyTorch; the films and masks of CBIS-DDSM as `mammo-worker data pack` writes them, without CDD-CESM, whose
digital films are all malignant:

    KERAS_BACKEND=torch mammo-worker train digital --data PACK/labels.csv --weights WEIGHTS --out RUN

Cost: 1.5 s a step at 512 x 256 and 2.7 s at 704 x 352 on one core, 53 minutes in all. Result: see
`docs/results/mammography-tried.md` ("Films that look digital", network P).
"""

from dataclasses import replace

from mammo_worker.configs import covered
from mammo_worker.detector.lesions import LesionChanges
from mammo_worker.detector.plan import DetectorPlan


def plan() -> DetectorPlan:
    """Change no masses, make half of the films look digital, and vary the scanner of the others a little."""
    base = covered.plan()
    return replace(
        base, training=replace(base.training, seed=2), lesions=LesionChanges(remove=0.0, paste=0.0), digital=0.5
    )
