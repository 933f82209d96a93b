"""The log of a run: CSV for people and scripts, event files for TensorBoard.

`tensorboard --logdir RUN` shows the event files. Install TensorBoard (`pip install tensorboard`) only to view them;
writing them does not need it.
"""

import csv
import sys
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

LOG_FILE = "log.csv"
VALIDATION_FILE = "validation.csv"
EVENTS_FOLDER = "events"


class Table:
    """A CSV with one row a step; drops the rows that a resumed run will write again.

    Args:
        path: The file, created with the first row.
        step: Number of finished steps.
    """

    def __init__(self, path: Path, step: int) -> None:
        self._path = path
        if not path.exists():
            return
        header, *rows = path.read_text("utf-8").splitlines() or [""]
        kept = [row for row in rows if int(row.split(",", 1)[0]) <= step]
        if len(kept) < len(rows):
            path.write_text("\n".join([header, *kept]) + "\n", "utf-8")

    def add(self, row: Mapping[str, float]) -> None:
        """Append a row; the first of its columns is the step."""
        is_new = not self._path.exists()
        with self._path.open("a", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            if is_new:
                writer.writerow(row)
            writer.writerow(row.values())


class Events:
    """Writes scalars in TensorBoard's format.

    Args:
        folder: Folder for the event files.
    """

    def __init__(self, folder: Path) -> None:
        import tensorflow as tf

        self._tf: Any = tf
        self._writer: Any = tf.summary.create_file_writer(str(folder))
        plugin = tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars")
        self._kind = tf.compat.v1.SummaryMetadata(plugin_data=plugin, data_class=1)  # DATA_CLASS_SCALAR

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Write the scalars of a step."""
        with self._tf.device("cpu:0"), self._writer.as_default():
            for name, value in values.items():
                self._tf.summary.write(name, self._tf.constant(value, self._tf.float32), step, self._kind)
        self._writer.flush()


class RunLog:
    """The log of a training.

    Args:
        folder: Folder of the run.
        step: Number of finished steps.
        events: Whether to write event files, too; ignored if TensorFlow, which writes them, is not installed.
    """

    def __init__(self, folder: Path, step: int, *, events: bool) -> None:
        self._training, self._validation = Table(folder / LOG_FILE, step), Table(folder / VALIDATION_FILE, step)
        self._events = Events(folder / EVENTS_FOLDER) if events and find_spec("tensorflow") else None
        self._values: list[dict[str, Any]] = []
        self._since = time.monotonic()

    def add(self, values: dict[str, Any]) -> None:
        """Add the losses of a step."""
        self._values.append(values)

    def write(self, step: int, rate: float) -> None:
        """Write the means over the steps since the last line."""
        means = {k: float(np.mean([float(v[k]) for v in self._values])) for k in self._values[0]}
        seconds, self._since = time.monotonic() - self._since, time.monotonic()
        row = {"step": step, "seconds_per_step": round(seconds / len(self._values), 3)}
        self._training.add(row | {k: round(v, 5) for k, v in means.items()})
        if self._events is not None:
            self._events.add(step, {f"train/{k}": v for k, v in means.items()} | {"train/learning_rate": rate})
        self._values.clear()

    def validated(self, step: int, measures: Mapping[str, float]) -> None:
        """Write the measures of a validation."""
        self._validation.add({"step": step} | {k: round(v, 5) for k, v in measures.items()})
        if self._events is not None:
            self._events.add(step, {f"validation/{k}": v for k, v in measures.items()})


class Announcer:
    """Prints the progress of a training on standard error, at most every `SECONDS`.

    Args:
        name: Name of the training.
        step: Number of finished steps.
        last: The step at which it stops.
    """

    SECONDS = 15.0

    def __init__(self, name: str, step: int, last: int) -> None:
        self._name, self._last = name, last
        self._told_at, self._told = time.monotonic(), step

    def step(self, step: int, losses: Mapping[str, Any]) -> None:
        """Report a step and its losses."""
        seconds = time.monotonic() - self._told_at
        if seconds < self.SECONDS:
            return
        each = seconds / (step - self._told)
        measures = ", ".join(f"{name} {float(value):.4g}" for name, value in losses.items() if name == "loss")
        left = f"{each:.2g} s a step, {round(each * (self._last - step) / 60)} minutes left"
        print(f"{self._name}: step {step} of {self._last}, {measures}, {left}", file=sys.stderr, flush=True)
        self._told_at, self._told = time.monotonic(), step
