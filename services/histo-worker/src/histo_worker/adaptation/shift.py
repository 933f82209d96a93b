"""The shift of a laboratory's log odds, which counts no farther than its patients support."""

from collections.abc import Mapping, Sequence
from math import inf, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.floating]

Reference = Mapping[str, tuple[float, float]]
"""Mean log odds of benign and of malignant training fields, out of fold, by magnification."""

FIELDS_OF_A_PATIENT = 10
"""Fields that are taken for one patient's where nobody says whose they are."""

_UNKNOWN_SHARE = 0.5
_ERROR_OF_STATED, _ERROR_OF_UNKNOWN = 0.1, 0.2
_CAUTION_WITH_STATED, _CAUTION_WITH_UNKNOWN = 1.0, 4.0


class Shift(NamedTuple):
    """What is added to a laboratory's log odds.

    Attributes:
        value: The shift that counts.
        measured: The shift as measured, before it is shrunk.
        error: Standard error of the measured shift.
    """

    value: float
    measured: float
    error: float


def estimate_shift(
    log_odds: Float, classes: Sequence[tuple[float, float]], share: float | None, patients: Sequence[str] | None
) -> Shift:
    """Estimate by how much a laboratory's log odds have to be moved.

    The measured shift is the mean difference between what training fields with the same share of malignant ones have,
    and the laboratory's fields. Its variance is that between patients, and that of the share. The shift counts
    1 - k * variance / shift^2 times, at least zero: the positive-part estimator of James and Stein (1961) for k = 1.

    Args:
        log_odds: (fields,), as the model gives them.
        classes: Mean log odds of benign and malignant training fields at each field's magnification.
        share: Share of malignant fields, known to about a tenth. None: 0.5 is assumed, known to about a fifth, and k is
            4, so that a shift below two standard errors does nothing.
        patients: Patient of each field; None takes `FIELDS_OF_A_PATIENT` fields for one patient's.
    """
    benign, malignant = np.array(classes).T
    assumed = _UNKNOWN_SHARE if share is None else share
    differences = assumed * malignant + (1 - assumed) * benign - log_odds
    measured = float(differences.mean())
    of_share = (_ERROR_OF_UNKNOWN if share is None else _ERROR_OF_STATED) * float(np.mean(malignant - benign))
    variance = _variance(differences - measured, patients) + of_share**2
    caution = _CAUTION_WITH_UNKNOWN if share is None else _CAUTION_WITH_STATED
    counts = max(0.0, 1 - caution * variance / measured**2) if measured else 0.0
    return Shift(measured * counts, measured, sqrt(variance))


def _variance(deviations: Float, patients: Sequence[str] | None) -> float:
    """Variance of the mean of deviations from it, between patients with unequal numbers of fields."""
    count = len(deviations)
    if patients is None:
        return float(deviations.var(ddof=1)) * FIELDS_OF_A_PATIENT / count if count > 1 else inf
    names = np.asarray(patients)
    sums = np.array([deviations[names == name].sum() for name in np.unique(names)])
    return float((sums**2).sum()) / count**2 * len(sums) / (len(sums) - 1) if len(sums) > 1 else inf
