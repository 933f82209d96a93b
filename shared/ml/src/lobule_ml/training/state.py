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
"""The weights that a finished training keeps; where it is, the training is finished."""
BEST_FILE = "best.npz"
"""Those of its best validation, where it has validations."""

Arrays = list[NDArray[Any]]


class WeightAverage:
    """Exponential moving average of all weights, batch-norm statistics included.

    Args:
        weights: Where it starts.
        momentum: Share that an update keeps of the average; less during the first updates.
        updates: Updates made so far.
    """

    def __init__(self, weights: Sequence[NDArray[Any]], momentum: float, updates: int = 0) -> None:
        self.weights = [np.array(w, np.float32) for w in weights]
        self.momentum = momentum
        self.updates = updates

    def update(self, weights: Sequence[NDArray[Any]]) -> None:
        """Move towards the present weights."""
        self.updates += 1
        momentum = min(self.momentum, (1 + self.updates) / (10 + self.updates))
        for mean, now in zip(self.weights, weights, strict=True):
            mean *= momentum
            mean += (1 - momentum) * now


@dataclass
class TrainingState:
    """A training between two steps.

    Attributes:
        step: Batches seen.
        average: Moving average of the weights; this is what is kept of a training.
        best: The best validation so far.
    """

    step: int
    average: WeightAverage
    best: Best = field(default_factory=Best)


def _variables(model: keras.Model) -> list[Any]:
    """Weights and the states of random generators (dropout, sampling), without metrics and the optimizer."""
    metrics = {id(v) for metric in model.metrics for v in metric.variables}
    return [v for v in model.variables if id(v) not in metrics]


def _arrays(variables: Sequence[Any]) -> Arrays:
    return [np.asarray(keras.ops.convert_to_numpy(v)) for v in variables]


def save_state(folder: Path, model: keras.Model, state: TrainingState) -> None:
    """Write the state; a crash while writing leaves the previous state whole."""
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
    """Steps behind the saved state; 0 where there is none."""
    if not (folder / STATE_FILE).exists():
        return 0
    with np.load(folder / STATE_FILE) as saved:
        return int(saved["step"])


def load_state(folder: Path, model: keras.Model, momentum: float, optimizer_from: int = 0) -> TrainingState:
    """Put the saved state into a compiled and built model of the same network.

    Args:
        folder: That holds the state.
        model: Changed.
        momentum: Of the average.
        optimizer_from: First step of `model`'s optimizer; one of a state from before it is left out.

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
    """Write the weights of a model in their order; a crash while writing leaves no half file."""
    arrays: dict[str, Any] = {f"{i:04d}": w for i, w in enumerate(weights)}
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as stream:
        np.savez(stream, **arrays)
    part.replace(path)


def load_weights(path: Path) -> Arrays:
    """The weights that `save_weights` wrote, for `keras.Model.set_weights`.

    Raises:
        FileNotFoundError: There are none.
    """
    with np.load(path) as saved:
        return [saved[name] for name in saved.files]


def is_finished(folder: Path) -> bool:
    """Whether the training in a folder has come to its end, be it early."""
    return (folder / AVERAGE_FILE).exists()
