"""Kills trainings at random moments, and checks how much a kill loses and that the finished package is the same.

uv run --no-sync python bench/kill_trainings.py [--kills 20] [--seed 0] [--save-seconds 1]

A toy network of the thesis is trained by the code of `histo-worker train` on drawn fields: two folds, their scores, and
the package of their ensemble. One training runs without interruption. The other one is killed with SIGKILL at random
moments, each time restarted with the same command, and finishes after the last kill. Its package and its out-of-fold
predictions must equal those of the first, bit for bit.

A kill loses the time since the last file of the run from which the training resumes. The state is written every
`--save-seconds`; the real commands use 60, and this benchmark fewer, so that many kills fit into minutes.
Limits: a kill loses at most two minutes, and nothing differs.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

Training = subprocess.Popen[str]

PATIENTS = 4  # of each class
EAGER_BELOW = 20  # steps
STARTED, SAVED = "started", "saved"  # the lines that a training prints


def draw_fields(folder: Path) -> Path:
    """Two pictures each of a few patients of both classes, with a labels CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    chance, rows = np.random.default_rng(0), ["file,patient,label,magnification"]
    for label in ("benign", "malignant"):
        for number in range(2 * PATIENTS):
            name = f"{label}{number}.png"
            field = chance.integers(0, 200 if label == "benign" else 255, (128, 128, 3), dtype=np.uint8)
            cv2.imwrite(str(folder / name), field)
            rows.append(f"{name},{label}{number % PATIENTS},{label},100X")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    return folder / "labels.csv"


def train(labels: Path, folder: Path, save_seconds: float, steps: int) -> None:
    """Train or resume with the code of `histo-worker train`, a small network, and a state that is saved often.

    A few steps run eagerly, because tracing the graphs would take longer.
    """
    import tensorflow as tf

    from histo_worker.configs import reference_small
    from histo_worker.data.source import read_source
    from histo_worker.models import reference_resnet
    from histo_worker.training import command, trainer
    from lobule_ml.training import loop

    def save_state(*arguments: Any) -> None:
        save(*arguments)
        print(SAVED, flush=True)

    save, loop.save_state = loop.save_state, save_state
    trainer.LoopSettings = partial(loop.LoopSettings, save_seconds=save_seconds)
    reference_resnet.FAMILY["killed"] = replace(reference_resnet.FAMILY["best"], width=8, blocks=(1, 1, 1, 1, 1))
    base = reference_small.plan()
    recipe = replace(base.recipe, steps=steps, batch=4)
    plan = replace(base, variant="killed", size=64, window=96, folds=2, final="ensemble", recipe=recipe)
    tf.config.run_functions_eagerly(steps < EAGER_BELOW)
    print(STARTED, flush=True)
    command.train(plan, read_source(labels), folder / "run", folder / "package")


def start(labels: Path, folder: Path, save_seconds: float, steps: int) -> Training:
    """Start the training in a separate process, and wait until it begins."""
    command = [sys.executable, __file__, "--train", labels, folder, save_seconds, steps]
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, text=True)
    wait_for(STARTED, process)
    return process


def wait_for(line: str, process: Training) -> None:
    """Wait until a training prints a line.

    Raises:
        RuntimeError: The training ended before.
    """
    assert process.stdout is not None
    if not any(printed.strip() == line for printed in process.stdout):
        raise RuntimeError(f"the training ended with {process.wait()} before it was {line}")


def kill(process: Training, folder: Path, started: float) -> float:
    """Kill a training; returns the seconds since the last file from which it can resume."""
    process.kill()
    process.communicate()
    now = time.time()
    return now - max([started, *(path.stat().st_mtime for path in folder.rglob("*.npz"))])


def differing(one: Path, other: Path) -> list[str]:
    """The differences between two finished trainings: arrays of the packages, and the out-of-fold predictions."""
    arrays = [dict(np.load(folder / "package" / "weights.npz")) for folder in (one, other)]
    wrong = [name for name in arrays[0] if not np.array_equal(arrays[0][name], arrays[1][name])]
    tables = [(folder / "run" / "out-of-fold.csv").read_bytes() for folder in (one, other)]
    return wrong + ["out-of-fold.csv"] * (tables[0] != tables[1])


def main() -> None:
    """Train, kill and compare; or, in the process of a training, train."""
    if sys.argv[1:2] == ["--train"]:
        labels, folder, save_seconds, steps = sys.argv[2:]
        train(Path(labels), Path(folder), float(save_seconds), int(steps))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--save-seconds", type=float, default=1.0)
    arguments = parser.parse_args()
    chance, lost = np.random.default_rng(arguments.seed), list[float]()
    with tempfile.TemporaryDirectory() as place:
        through, killed = Path(place) / "through", Path(place) / "killed"
        begin = partial(start, draw_fields(Path(place) / "fields"))
        began = time.monotonic()
        begin(through, arguments.save_seconds, arguments.steps).communicate()
        seconds = time.monotonic() - began
        print(f"a training that runs through takes {seconds:.0f} s")
        for number in range(arguments.kills):
            process, started = begin(killed, arguments.save_seconds, arguments.steps), time.time()
            try:
                process.wait(chance.uniform(0, 3 * seconds / arguments.kills))
            except subprocess.TimeoutExpired:
                lost.append(kill(process, killed, started))
                states = [load_step(path) for path in sorted(killed.rglob("state.npz"))]
                print(f"kill {number + 1}: {lost[-1]:.1f} s lost; steps saved: {states}", flush=True)
            else:
                break
        begin(killed, arguments.save_seconds, arguments.steps).communicate()
        wrong = differing(through, killed)
    print(f"{len(lost)} kills, at most {max(lost, default=0):.1f} s lost; states every {arguments.save_seconds:g} s")
    print(f"differs from the uninterrupted training: {', '.join(wrong) or 'nothing'}")


def load_step(state: Path) -> int:
    """The step of a saved state."""
    with np.load(state) as saved:
        return int(saved["step"])


if __name__ == "__main__":
    main()
