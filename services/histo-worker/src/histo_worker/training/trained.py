"""The output of a training, for both kinds of networks."""

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
    """A network, and its scores for patients that it has not seen.

    Attributes:
        config: The configuration.
        architecture: A key of `models.ARCHITECTURES` as `name`, and its arguments.
        reader: Cuts a field into patches.
        arrays: The network's variables.
        oof: Out-of-fold scores.
        learned: The training fields of the network, or of all members of an ensemble.
        evidence_scale: Divides the map of evidence before its sigmoid.
        how: The training in words, for the model card.
        pretrained: Licence of the weights that the training started from; None for random weights.
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


class TrainingStopped(Exception):  # noqa: N818 - stopping is not an error
    """A training was asked to stop before its end; its state is saved.

    Args:
        part: Name of the network that was being trained.
        done: Number of its finished steps.
        steps: Number of its steps.
    """

    def __init__(self, part: str, done: int, steps: int) -> None:
        super().__init__(f"stopped in {part} after {done} of {steps} steps; the same command goes on from there")
