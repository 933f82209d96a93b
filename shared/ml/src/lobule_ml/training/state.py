"""The state of a training on disk, from which it resumes exactly."""

import os
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from lobule_ml.training.validation import Best

STATE_FILE = "state.npz"
AVERAGE_FILE = "average.npz"
"""The weights of a finished training; if this file exists, the training is finished."""
BEST_FILE = "best.npz"
"""The weights of the best validation, if the training has validations."""

Arrays = list[NDArray[Any]]


class WeightAverage:
    """Exponential moving average of all weights, batch-norm statistics included.

    Args:
        weights: The initial weights.
        momentum: Share of the average that an update keeps; smaller during the first updates.
        updates: Number of updates so far.
    """

    def __init__(self, weights: Sequence[NDArray[Any]], momentum: float, updates: int = 0) -> None:
        self.weights = [np.array(w, np.float32) for w in weights]
        self.momentum = momentum
        self.updates = updates

    def update(self, weights: Sequence[NDArray[Any]]) -> None:
        """Move the average towards the current weights."""
        self.updates += 1
        momentum = min(self.momentum, (1 + self.updates) / (10 + self.updates))
        for mean, now in zip(self.weights, weights, strict=True):
            mean *= momentum
            mean += (1 - momentum) * now


@dataclass
class TrainingState:
    """The state of a training between two steps.

    Attributes:
        step: Number of finished steps.
        average: Moving average of the weights, which are the result of a training.
        best: The best validation so far.
    """

    step: int
    average: WeightAverage
    best: Best = field(default_factory=Best)


def _variables(model: keras.Model) -> list[Any]:
    """Weights and states of random generators (dropout, sampling), without metrics and the optimizer."""
    metrics = {id(v) for metric in model.metrics for v in metric.variables}
    return [v for v in model.variables if id(v) not in metrics]


def _arrays(variables: Sequence[Any]) -> Arrays:
    return [np.asarray(keras.ops.convert_to_numpy(v)) for v in variables]


def save_state(folder: Path, model: keras.Model, state: TrainingState) -> None:
    """Write the state; a crash while writing leaves the previous state intact."""
    groups = {
        "v": _arrays(_variables(model)),
        "o": _arrays(model.optimizer.variables),
        "a": state.average.weights,
    }
    arrays = {f"{group}{i}": array for group, many in groups.items() for i, array in enumerate(many)}
    part = folder / f"{STATE_FILE}.part"
    with part.open("wb") as stream:
        np.savez(stream, step=state.step, updates=state.average.updates, best=astuple(state.best), **arrays)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(folder / STATE_FILE)


def saved_step(folder: Path) -> int:
    """The step of the saved state; 0 if there is none."""
    if not (folder / STATE_FILE).exists():
        return 0
    with np.load(folder / STATE_FILE) as saved:
        return int(saved["step"])


def load_state(folder: Path, model: keras.Model, momentum: float, optimizer_from: int = 0) -> TrainingState:
    """Load the saved state into a compiled and built model of the same network.

    Args:
        folder: Folder with the state.
        model: The model, which is changed.
        momentum: Momentum of the average.
        optimizer_from: First step of `model`'s optimizer; an optimizer state from an earlier step is ignored.

    Raises:
        ValueError: The state is of another network or optimizer.
    """
    model.optimizer.build(model.trainable_variables)
    with np.load(folder / STATE_FILE) as saved:
        groups = {"v": _variables(model)}
        if int(saved["step"]) > optimizer_from or optimizer_from == 0:
            groups["o"] = list(model.optimizer.variables)
        for group, variables in groups.items():
            count = sum(name[0] == group and name[1:].isdigit() for name in saved.files)
            if count != len(variables):
                raise ValueError(
                    f"{folder / STATE_FILE} is of another network: {count} variables, not {len(variables)}"
                )
            for i, variable in enumerate(variables):
                variable.assign(saved[f"{group}{i}"])
        average = [saved[f"a{i}"] for i in range(len(model.get_weights()))]
        value, step, since = saved["best"] if "best" in saved.files else astuple(Best())  # older states have none
        mean = WeightAverage(average, momentum, int(saved["updates"]))
        return TrainingState(int(saved["step"]), mean, Best(float(value), int(step), int(since)))


def save_weights(path: Path, weights: Sequence[NDArray[Any]]) -> None:
    """Write the weights of a model in their order; a crash while writing leaves no incomplete file."""
    arrays: dict[str, Any] = {f"{i:04d}": w for i, w in enumerate(weights)}
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as stream:
        np.savez(stream, **arrays)
    part.replace(path)


def load_weights(path: Path) -> Arrays:
    """Read the weights that `save_weights` wrote, for `keras.Model.set_weights`.

    Raises:
        FileNotFoundError: The file does not exist.
    """
    with np.load(path) as saved:
        return [saved[name] for name in saved.files]


def is_finished(folder: Path) -> bool:
    """Whether the training in a folder is finished, at its last step or early."""
    return (folder / AVERAGE_FILE).exists()
