"""Splits by patient, by a hash of the patient's identifier."""

import hashlib
from typing import Literal

Split = Literal["train", "validation", "test"]


def split_of(patient: str) -> Split:
    """A fifth of the patients for the untouched test, a tenth for calibration and choices, the others for training."""
    tenth = int.from_bytes(hashlib.sha256(patient.encode()).digest()[:8], "big") % 10
    if tenth < 2:
        return "test"
    return "validation" if tenth == 2 else "train"


def fold_of(patient: str, folds: int = 5) -> int:
    """The fold in which a patient is held out.

    It is the same in every data set with CBIS-DDSM's patients, so that one network's out-of-fold predictions can be
    used to train the next one.
    """
    return int.from_bytes(hashlib.sha256(f"fold {patient}".encode()).digest()[:8], "big") % folds
