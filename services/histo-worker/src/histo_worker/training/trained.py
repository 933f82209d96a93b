"""The output of a training, of either kind of network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from histo_worker.data.breakhis import Field
from histo_worker.evaluation.cross_validation import OutOfFold
from histo_worker.field_reader import FieldReader
from histo_worker.training.config import HistologyConfig


@dataclass(frozen=True)
class Trained:
    """A network, and how its training does on patients that it has not seen.

    Attributes:
        config: What was trained.
        architecture: A key of `models.ARCHITECTURES` as `name`, and its arguments.
        reader: How a field becomes patches.
        arrays: The network's variables.
        oof: Out-of-fold scores.
        learned: The fields that the network, or any member of an ensemble, learned from.
        evidence_scale: Divides the map of evidence before its sigmoid.
        how: The training in words, for the model card.
        pretrained: Licence of the weights that the training started from; None where it started from chance.
    """

    config: HistologyConfig
    architecture: dict[str, Any]
    reader: FieldReader
    arrays: dict[str, NDArray[np.generic]]
    oof: OutOfFold
    learned: Sequence[Field]
    evidence_scale: float
    how: str
    pretrained: str | None = None


class TrainingStopped(Exception):  # noqa: N818 - stopping is no error
    """A training was asked to stop before its end; its state is saved.

    Args:
        part: Which of its networks it was at.
        done: Steps done of it.
        steps: Of that network in all.
    """

    def __init__(self, part: str, done: int, steps: int) -> None:
        super().__init__(f"stopped in {part} after {done} of {steps} steps; the same command goes on from there")
