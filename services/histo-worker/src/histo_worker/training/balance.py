"""How much fields of each magnification, class and patient count in a training."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from histo_worker.data.breakhis import Field
from histo_worker.evaluation.calibration import patient_weights

SHARES = {"400X": 0.2}
"""How much magnifications count that count less than others: their fields are smaller than a square of equal tissue."""


def balanced_weights(fields: Sequence[Field]) -> NDArray[np.float64]:
    """Weights (fields,) with which both classes count alike at each magnification, so that none of them tells a class.

    Within a magnification and class, patients count as in `patient_weights`; magnifications count alike, or by
    `SHARES`. Fields of a magnification that has one class alone count nothing. The mean weight is 1.

    Raises:
        ValueError: No magnification has fields of both classes.
    """
    target = np.array([field.target for field in fields])
    patients = np.array([field.patient for field in fields])
    magnifications = np.array([str(field.magnification) for field in fields])
    weights = np.zeros(len(fields))
    for magnification in np.unique(magnifications):
        mine = magnifications == magnification
        if len(np.unique(target[mine])) == 2:
            weights[mine] = patient_weights(target[mine], patients[mine].tolist()) / mine.sum()
            weights[mine] *= SHARES.get(str(magnification), 1.0)
    if not weights.any():
        raise ValueError("no magnification has fields of both classes; set by_magnification=False")
    return weights * len(fields) / weights.sum()
