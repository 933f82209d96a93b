"""The training loop for any Keras model. A stopped training resumes as if it had not been interrupted.

A batch is a function of its step alone, and everything else that changes is in the state. A training that was
stopped and resumed therefore gives the same weights, bit for bit, as one without interruption (on one machine, with one
back-end and the same number of threads).

It is a loop rather than `Model.fit` with callbacks: `fit` takes batches from a data set that knows no step, and
`BackupAndRestore` saves after epochs or numbers of batches. Batches by step, saving by time and on SIGTERM, and a
resumable average of the weights would need callbacks of our own that share the state that this loop has in one place.
"""

import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any

import keras

from lobule_ml.locks import locked
from lobule_ml.training.log import LOG_FILE, Announcer, RunLog
from lobule_ml.training.schedule import LearningRate
from lobule_ml.training.state import (
    AVERAGE_FILE,
    BEST_FILE,
    STATE_FILE,
    TrainingState,
    WeightAverage,
    load_state,
    save_state,
    save_weights,
)
from lobule_ml.training.validation import Validation

__all__ = ["AVERAGE_FILE", "LOG_FILE", "BatchOf", "LoopSettings", "run", "stop_on_signal"]

BatchOf = Callable[[int], tuple[Any, ...]]
LOCK_FILE = "lock"
"""Locked by the process that trains in a folder."""


@dataclass(frozen=True)
class LoopSettings:
    """Settings of a run; only the first two change the trained weights.

    Attributes:
        average_momentum: Momentum of the weights' moving average.
        average_every: Steps between its updates.
        save_seconds: Longest time between two saves of the state, in seconds, unless a single step takes longer.
        log_every: Steps between two lines of the log.
        events: Whether TensorBoard's event files are written in addition to the CSV.
        ahead: Number of batches that threads prepare. One is enough on a CPU; a GPU would wait for a single thread.
    """

    average_momentum: float = 0.98
    average_every: int = 2
    save_seconds: float = 60.0
    log_every: int = 10
    events: bool = True
    ahead: int = 1


@contextmanager
def stop_on_signal() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set; never set outside the main thread, where signals cannot be caught."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(
    model: keras.Model,
    batch_of: BatchOf,
    schedule: LearningRate,
    folder: Path,
    *,
    settings: LoopSettings | None = None,
    until: int | None = None,
    optimizer_from: int = 0,
    validation: Validation | None = None,
) -> int:
    """Train a model; resumes from `folder` if it contains a state.

    Args:
        model: Compiled and built; training starts from its weights if there is no state.
        batch_of: Returns the arguments of `train_on_batch` at a step, always the same; threads call it ahead of time.
        schedule: Schedule of the learning rate.
        folder: Folder of the run: `state.npz`, the logs, `best.npz` with validation, and `average.npz` at the end.
        settings: See `LoopSettings`.
        until: Stop before this step, to resume later.
        optimizer_from: See `load_state`.
        validation: Validates during training, and can end it early.

    Returns:
        The number of finished steps. It is below `until` and `schedule.steps` if SIGTERM or SIGINT stopped the training
        (the state is saved) or if validation ended it (`is_finished`).

    Raises:
        ValueError: Another process trains in the folder, or its state is of another network.
    """
    with locked(folder / LOCK_FILE, lambda: _refuse(folder)):
        return _run(model, batch_of, schedule, folder, settings or LoopSettings(), until, optimizer_from, validation)


def _refuse(folder: Path) -> None:
    raise ValueError(f"another process trains in {folder}; wait for it, or choose another folder")


def _run(
    model: keras.Model,
    batch_of: BatchOf,
    schedule: LearningRate,
    folder: Path,
    settings: LoopSettings,
    until: int | None,
    optimizer_from: int,
    validation: Validation | None,
) -> int:
    last = min(schedule.steps, schedule.steps if until is None else until)
    if (folder / STATE_FILE).exists():
        state = load_state(folder, model, settings.average_momentum, optimizer_from)
    else:
        state = TrainingState(0, WeightAverage(model.get_weights(), settings.average_momentum))
    if state.step < last and not state.best.is_enough(validation):
        with stop_on_signal() as stop:
            _advance(model, batch_of, schedule, folder, settings, state, last, stop, validation)
        save_state(folder, model, state)
    if state.step == schedule.steps or state.best.is_enough(validation):
        save_weights(folder / AVERAGE_FILE, state.average.weights)
    return state.step


def _advance(
    model: keras.Model,
    batch_of: BatchOf,
    schedule: LearningRate,
    folder: Path,
    settings: LoopSettings,
    state: TrainingState,
    last: int,
    stop: threading.Event,
    validation: Validation | None,
) -> None:
    saved = begun = time.monotonic()
    log = RunLog(folder, state.step, events=settings.events)
    announcer = Announcer(folder.name, state.step, last)
    with ThreadPoolExecutor(settings.ahead) as makers:
        steps = iter(range(state.step, last))
        ahead = deque(makers.submit(batch_of, step) for step in islice(steps, settings.ahead))
        while state.step < last and not stop.is_set() and not state.best.is_enough(validation):
            batch = ahead.popleft().result()
            ahead.extend(makers.submit(batch_of, step) for step in islice(steps, 1))
            model.optimizer.learning_rate = schedule.at(state.step)
            model.reset_metrics()
            losses = dict(model.train_on_batch(*batch, return_dict=True))
            log.add(losses)
            state.step += 1
            announcer.step(state.step, losses)
            if state.step % settings.average_every == 0:
                state.average.update(model.get_weights())
            if state.step % settings.log_every == 0:
                log.write(state.step, schedule.at(state.step - 1))
            if validation is not None and state.step % validation.every == 0:
                _validate(model, validation, folder, state, log)
            now = time.monotonic()
            if now - saved + (now - begun) >= settings.save_seconds:  # the state would be too old after the next step
                save_state(folder, model, state)
                saved = time.monotonic()
            begun = time.monotonic()


def _validate(model: keras.Model, validation: Validation, folder: Path, state: TrainingState, log: RunLog) -> None:
    trained = model.get_weights()
    model.set_weights(state.average.weights)
    try:
        measures = validation.measure(model)
    finally:
        model.set_weights(trained)
    log.validated(state.step, measures)
    if state.best.judge(measures[validation.monitor], state.step):
        save_weights(folder / BEST_FILE, state.average.weights)
