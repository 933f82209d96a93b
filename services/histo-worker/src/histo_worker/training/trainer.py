"""Trains networks end to end on any Keras backend, with the thesis' recipe or a modern one."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import keras
import numpy as np
from numpy.typing import NDArray

from lobule_ml.training.loop import BatchOf, LoopSettings, run
from lobule_ml.training.schedule import HalvingSchedule, LearningRate, Schedule
from lobule_ml.training.state import AVERAGE_FILE, BEST_FILE, is_finished, load_weights
from lobule_ml.training.validation import Validation


@dataclass(frozen=True)
class Recipe:
    """A training recipe.

    Attributes:
        optimiser: SGD with momentum and a stepped rate, or AdamW with a warm-up and a cosine.
        rate: Initial learning rate (SGD), or the largest one (AdamW).
        steps: Number of batches.
        halve_at: Steps at which the rate is halved (SGD only).
        weight_decay: L2 penalty built into the network (SGD, as the thesis) or decoupled (AdamW).
        batch: Patches in a batch.
        ema: Momentum of the weights' average, which is the result; 0 for the last weights.
    """

    optimiser: Literal["sgd", "adamw"]
    rate: float
    steps: int
    halve_at: tuple[int, ...] = ()
    weight_decay: float = 0.0
    batch: int = 64
    ema: float = 0.0

    @property
    def penalty(self) -> float:
        """The penalty that the network adds to the loss for each squared weight."""
        return self.weight_decay if self.optimiser == "sgd" else 0.0

    def schedule(self) -> LearningRate:
        """The learning rate by step."""
        if self.optimiser == "sgd":
            return HalvingSchedule(self.steps, self.rate, self.halve_at)
        return Schedule(self.steps, self.rate, floor=0.0)

    def build_optimiser(self) -> keras.optimizers.Optimizer:
        """The Keras optimiser; the loop sets its rate at every step."""
        if self.optimiser == "sgd":
            return keras.optimizers.SGD(self.rate, momentum=0.9)
        return keras.optimizers.AdamW(self.rate, weight_decay=self.weight_decay)


REFERENCE_RECIPE = Recipe("sgd", rate=0.001, steps=3000, halve_at=(500, 2000), weight_decay=0.0002, batch=64)
"""The thesis' hyper-parameters (5.1.4)."""

MODERN_RECIPE = Recipe("adamw", rate=3e-4, steps=1500, weight_decay=0.05, batch=32, ema=0.99)


def train_network(
    net: keras.Model,
    batch_of: BatchOf,
    recipe: Recipe,
    folder: Path,
    *,
    until: int | None = None,
    validation: Validation | None = None,
    best: bool = False,
) -> bool:
    """Train a network with a `logit` output in place; resumes if `folder` contains a state.

    Args:
        net: The network, which is changed.
        batch_of: Patches and targets at a step; see `lobule_ml.training.loop.run`.
        recipe: Training recipe.
        folder: Folder for the log and the state.
        until: Stop before this step, to resume later.
        validation: Validation during the training; None for none.
        best: Whether to keep the weights of the best validation instead of those of the last step.

    Returns:
        Whether the training is finished; False if it was asked to stop.
    """
    trained = keras.Model(net.input, net.output["logit"])  # pyright: ignore[reportCallIssue, reportArgumentType] - a dict
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    trained.compile(recipe.build_optimiser(), loss)
    trained.jit_compile = False
    # Without momentum the average is the last weights, which validations and the end of the training need.
    every = 1 if recipe.ema else math.gcd(recipe.steps, validation.every if validation else 0)
    settings = LoopSettings(recipe.ema, every, log_every=min(10, recipe.steps))
    run(trained, batch_of, recipe.schedule(), folder, settings=settings, until=until, validation=validation)
    if not is_finished(folder):
        return False
    kept = folder / BEST_FILE if best and (folder / BEST_FILE).exists() else folder / AVERAGE_FILE
    trained.set_weights(load_weights(kept))
    return True


class LogitsOf:
    """A network's logits as a plain function, compiled once by the backend.

    Args:
        net: A network with a `logit` output.
        batch: Number of patches in a batch.
    """

    def __init__(self, net: keras.Model, batch: int = 32) -> None:
        self._net = keras.Model(net.input, net.output["logit"])  # pyright: ignore[reportCallIssue, reportArgumentType]
        self._batch = batch

    def __call__(self, patches: NDArray[np.float32]) -> NDArray[np.floating]:
        """Logits (n,) of patches (n, size, size, 3)."""
        filler = np.zeros((-len(patches) % self._batch, *patches.shape[1:]), np.float32)  # one shape, one compilation
        filled = np.concatenate([patches, filler])
        parts = [
            np.asarray(self._net.predict_on_batch(filled[start : start + self._batch]))
            for start in range(0, len(filled), self._batch)
        ]
        return np.concatenate(parts)[: len(patches)]
