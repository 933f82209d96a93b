"""The training loop: any Keras model; a stopped training resumes as if it had not been interrupted.

A batch is a function of its step alone, and everything else that changes is in the state, so a training that was
stopped and resumed gives the same weights, bit for bit, as one that ran through (on one machine, one back-end and the
same number of threads).

It is a loop rather than `Model.fit` with callbacks: `fit` takes batches from a data set that knows no step, and
`BackupAndRestore` saves after epochs or numbers of batches. Batches by step, saving by time and on SIGTERM, and an
average of the weights that resumes with them would be callbacks of our own that share the state kept in one place here.
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


@dataclass(frozen=True)
class LoopSettings:
    """Settings of a run; only the first two change the trained weights.

    Attributes:
        average_momentum: Of the weights' moving average.
        average_every: Steps between its updates.
        save_seconds: The state is written at least this often, unless a single step takes longer.
        log_every: Steps between two lines of the log.
        events: Whether TensorBoard's event files are written beside the CSV.
        ahead: Batches that threads make ahead. One is enough on a CPU; a GPU waits for a single thread.
    """

    average_momentum: float = 0.98
    average_every: int = 2
    save_seconds: float = 60.0
    log_every: int = 10
    events: bool = True
    ahead: int = 1


@contextmanager
def stop_on_signal() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set; in another thread than the main one, where none can be caught, it stays."""
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
    """Train, going on from `folder` where it holds a state.

    Args:
        model: Compiled and built; its weights are the start where there is no state.
        batch_of: The arguments of `train_on_batch` at a step, the same at each call; called ahead by threads.
        schedule: Of the learning rate.
        folder: Of the run: `state.npz`, the logs, `best.npz` where it is validated, and `average.npz` at its end.
        settings: See `LoopSettings`.
        until: Stop before this step, to go on later.
        optimizer_from: See `load_state`.
        validation: Measures the training on its way, and may end it early.

    Returns:
        Steps done. Fewer than `until` and `schedule.steps` where SIGTERM or SIGINT asked to stop (the state is saved),
        or where validation ended it (`is_finished`).
    """
    settings = settings or LoopSettings()
    folder.mkdir(parents=True, exist_ok=True)
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
            if now - saved + (now - begun) >= settings.save_seconds:  # the next step would end too late
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
