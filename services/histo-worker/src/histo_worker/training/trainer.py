"""Training networks end to end, on any Keras backend: the report's recipe and a modern one.

Interrupted runs go on where they stopped (`BackupAndRestore`); every run leaves a CSV log.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import keras
import numpy as np
from numpy.typing import NDArray

Batch = tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True)
class Recipe:
    """How weights are learned.

    Attributes:
        optimiser: SGD with momentum and a stepped rate, or AdamW with a cosine.
        rate: Initial learning rate.
        steps: Batches in all.
        halve_at: Steps at which the rate is halved (SGD only).
        weight_decay: L2 penalty built into the network (SGD, as the report) or decoupled (AdamW).
        batch: Patches in a batch.
        patience: Validations without progress before stopping; 0 never stops.
        validate_every: Steps between validations, which are also the epochs of the log.
        ema: Momentum of the average of the weights; 0 keeps none.
        precision: Keras dtype policy.
    """

    optimiser: Literal["sgd", "adamw"]
    rate: float
    steps: int
    halve_at: tuple[int, ...] = ()
    weight_decay: float = 0.0
    batch: int = 64
    patience: int = 5
    validate_every: int = 100
    ema: float = 0.0
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"

    def build_optimiser(self) -> keras.optimizers.Optimizer:
        """The Keras optimiser."""
        average = {"use_ema": self.ema > 0, "ema_momentum": self.ema or 0.99}
        if self.optimiser == "sgd":
            rates = [self.rate * 0.5**i for i in range(len(self.halve_at) + 1)]
            schedule = (
                keras.optimizers.schedules.PiecewiseConstantDecay(list(self.halve_at), rates)
                if self.halve_at
                else self.rate
            )
            return keras.optimizers.SGD(schedule, momentum=0.9, **average)  # pyright: ignore[reportArgumentType] - stub
        schedule = keras.optimizers.schedules.CosineDecay(self.rate, self.steps)
        return keras.optimizers.AdamW(schedule, weight_decay=self.weight_decay, **average)  # pyright: ignore[reportArgumentType]


REPORT_RECIPE = Recipe("sgd", rate=0.001, steps=3000, halve_at=(500, 2000), weight_decay=0.0002, batch=64)
"""The report's hyper-parameters (5.1.4); give the weight decay to the network as its regulariser."""

MODERN_RECIPE = Recipe("adamw", rate=3e-4, steps=1500, weight_decay=0.05, batch=32, ema=0.99)


def train_network(
    net: keras.Model,
    batches: Iterator[Batch],
    validation: Batch | None,
    recipe: Recipe,
    folder: Path,
    *,
    verbose: int = 1,
) -> dict[str, list[float]]:
    """Train a network with a `logit` output in place.

    Args:
        net: The network; changed.
        batches: Endless training batches.
        validation: Patches and targets to stop on, or None. They must be of patients that are reported nowhere.
        recipe: How to learn.
        folder: For the log and for what a resumed run needs.
        verbose: Keras' progress bars: 0 none, 1 bars, 2 lines.

    Returns:
        The log by column: `loss`, and `val_loss` where there is validation.
    """
    folder.mkdir(parents=True, exist_ok=True)
    trained = keras.Model(net.input, net.output["logit"])  # pyright: ignore[reportCallIssue, reportArgumentType] - a dict
    trained.compile(recipe.build_optimiser(), keras.losses.BinaryCrossentropy(from_logits=True))
    callbacks: list[keras.callbacks.Callback] = [
        keras.callbacks.BackupAndRestore(str(folder / "backup")),
        keras.callbacks.CSVLogger(str(folder / "log.csv"), append=True),
        keras.callbacks.TerminateOnNaN(),
    ]
    if recipe.ema:
        callbacks.append(keras.callbacks.SwapEMAWeights())
    if validation is not None and recipe.patience:
        callbacks.append(keras.callbacks.EarlyStopping(patience=recipe.patience, restore_best_weights=True))
    every = min(recipe.validate_every, recipe.steps)
    history = trained.fit(
        batches,
        steps_per_epoch=every,
        epochs=recipe.steps // every,
        validation_data=validation,
        callbacks=callbacks,
        verbose=verbose,  # pyright: ignore[reportArgumentType] - stub
    )
    return history.history


def with_test_time_augmentation(logits_of: "LogitsOf", patches: NDArray[np.float32]) -> NDArray[np.floating]:
    """Mean logits over the eight turns and mirrorings of each patch."""
    views = [np.rot90(p, turn, axes=(1, 2)) for p in (patches, patches[:, :, ::-1]) for turn in range(4)]
    return np.mean([logits_of(np.ascontiguousarray(v)) for v in views], axis=0)


class LogitsOf:
    """A network's logits as a plain function, compiled once by its backend.

    Args:
        net: A network with a `logit` output.
        batch: Patches at once.
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
