"""Training: resumable, in phases, on whichever backend Keras runs."""

import gc
import json
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from lobule.model_package import open_package
from lobule_ml.backbones import BACKBONES, load_pretrained
from mammo_worker.configs.plan import Phase, Scope, TrainingPlan
from mammo_worker.data.batches import Batch, PreparedCase, endless_batches
from mammo_worker.nn.mask_rcnn import MaskRCNN
from mammo_worker.packages import build_model, read_config, read_weights

SOURCE_CANVAS = (800, 400)  # films are kept at this size and scaled down from it
_AVERAGE_EVERY = 5
_AVERAGE_MOMENTUM = 0.98
_LOG_EVERY = 10
_SAVE_EVERY = 50


class WeightAverage:
    """Running mean of all weights, batch-norm statistics included; it is what is kept of a training.

    Args:
        weights: Where it starts.
        updates: How many updates it has behind it.
    """

    def __init__(self, weights: Sequence[NDArray[np.floating]], updates: int = 0) -> None:
        self.weights = [np.array(w) for w in weights]
        self.updates = updates

    def update(self, weights: Sequence[NDArray[np.floating]]) -> None:
        """Move towards the present weights, faster at the start."""
        self.updates += 1
        momentum = min(_AVERAGE_MOMENTUM, (1 + self.updates) / (10 + self.updates))
        for mean, now in zip(self.weights, weights, strict=True):
            mean *= momentum
            mean += (1 - momentum) * now


def learning_rate(plan: TrainingPlan, step: int) -> float:
    """Linear warm-up, then a cosine down to a fiftieth."""
    rise = min(1.0, (step + 1) / max(plan.warm_up, 1))
    share = min(1.0, step / max(plan.steps, 1))
    return plan.learning_rate * rise * (0.02 + 0.98 * 0.5 * (1 + float(np.cos(np.pi * share))))


def phase_at(plan: TrainingPlan, step: int) -> tuple[int, Phase] | None:
    """Number and phase that `step` belongs to; None when the plan is done."""
    for number, phase in enumerate(plan.phases):
        if step < phase.steps:
            return number, phase
        step -= phase.steps
    return None


def set_scope(model: MaskRCNN, scope: Scope) -> None:
    """Train only what a scope of the thesis' table 15 names; the rest stands still, its batch norms too.

    `rpn`: pyramid and RPN. `mask`: the second stage's heads and the triage head. `backbone`: its part above the 4th
    ResNet block (C4 and C5). `heads`: `rpn` and `mask`. `4+`: `heads` and `backbone`. `all`: everything that the
    network's configuration does not freeze.
    """
    first = scope in ("rpn", "heads", "4+", "all")
    second = scope in ("mask", "heads", "4+", "all")
    parts = model.parts
    parts.trunk.fpn.trainable = parts.proposals.network.trainable = first
    parts.box_head.network.trainable = parts.mask_head.network.trainable = second
    if parts.triage is not None:
        parts.triage.network.trainable = second
    if scope == "all":
        return
    spec = BACKBONES[model.config.backbone.name]
    top = spec.layers_of(slice(spec.coarse, None)) if scope in ("backbone", "4+") else ()
    for layer in parts.trunk.backbone.layers:
        layer.trainable = bool(top) and layer.name.startswith(top)


def build(plan: TrainingPlan, phase: Phase) -> MaskRCNN:
    """The network at the phase's canvas, compiled; built by one pass over an empty batch."""
    network = replace(plan.network, canvas=phase.canvas or plan.network.canvas)
    model = MaskRCNN(network, plan.precision)
    set_scope(model, phase.scope)
    model.compile(keras.optimizers.AdamW(plan.learning_rate, weight_decay=plan.weight_decay, global_clipnorm=10.0))
    model.jit_compile = False
    model.detect(np.zeros((1, *network.canvas, 2), np.uint8))
    return model


def load_start(model: MaskRCNN, weights: Path) -> None:
    """Give the backbone its first weights.

    Args:
        model: What `build` gave.
        weights: Pretrained weights, see `lobule_ml.backbones.load_pretrained`; or a model package of the same
            backbone, which has seen masses already.

    Raises:
        ValueError: The package has another backbone.
    """
    if not (weights / "model.json").exists():
        load_pretrained(model.config.backbone.name, model.parts.trunk.backbone, weights)
        return
    package = open_package(weights)
    config = read_config(package)
    theirs, ours = config.backbone.name, model.config.backbone.name
    if theirs != ours:
        raise ValueError(f"the package {weights.name} has the backbone {theirs}, not {ours}")
    trained = build_model(config, read_weights(package.weights)).parts.trunk.backbone
    model.parts.trunk.backbone.set_weights(trained.get_weights())


def prefetched(batches: Iterator[Batch], depth: int = 3) -> Iterator[Batch]:
    """The same batches, made by a thread ahead of their use; it ends soon after nobody holds this iterator any more."""
    ready: queue.Queue[Batch] = queue.Queue(depth)
    unwanted = threading.Event()

    def fill() -> None:
        for batch in batches:
            while not unwanted.is_set():
                try:
                    ready.put(batch, timeout=1.0)
                    break
                except queue.Full:
                    continue
            if unwanted.is_set():
                return

    threading.Thread(target=fill, daemon=True).start()
    try:
        while True:
            yield ready.get()
    finally:
        unwanted.set()


def save_state(folder: Path, model: MaskRCNN, average: WeightAverage, step: int) -> None:
    """Write all that is needed to go on, replacing the last state only once the new one is whole."""
    arrays: dict[str, Any] = {f"w{i}": w for i, w in enumerate(model.get_weights())}
    arrays |= {f"o{i}": keras.ops.convert_to_numpy(v) for i, v in enumerate(model.optimizer.variables)}
    arrays |= {f"a{i}": w for i, w in enumerate(average.weights)}
    part = folder / "state.part.npz"
    np.savez(part, step=step, updates=average.updates, **arrays)
    part.replace(folder / "state.npz")


def saved_step(folder: Path) -> int:
    """The step that the saved state has reached; 0 where there is none."""
    if not (folder / "state.npz").exists():
        return 0
    with np.load(folder / "state.npz") as saved:
        return int(saved["step"])


def load_state(folder: Path, model: MaskRCNN) -> tuple[WeightAverage, int]:
    """Put a saved state into a model of any canvas; gives the average and the step."""
    with np.load(folder / "state.npz") as saved:
        weights = len(model.get_weights())
        model.set_weights([saved[f"w{i}"] for i in range(weights)])
        model.optimizer.build(model.trainable_variables)
        moments = [saved[key] for key in (f"o{i}" for i in range(len(saved.files))) if key in saved.files]
        # Another scope trains other variables; its moments start anew.
        if [m.shape for m in moments] == [tuple(v.shape) for v in model.optimizer.variables]:
            for variable, value in zip(model.optimizer.variables, moments, strict=True):
                variable.assign(value)
        average = WeightAverage([saved[f"a{i}"] for i in range(weights)], int(saved["updates"]))
        return average, int(saved["step"])


def train(
    plan: TrainingPlan, films: Sequence[PreparedCase], out: Path, weights: Path | None, until: int | None = None
) -> None:
    """Train, going on from `out` where there is something to go on from.

    Args:
        plan: What and how.
        films: Prepared films of the training patients.
        out: Folder for `state.npz`, `log.jsonl` and, at the end, `average.npz`.
        weights: What the backbone starts from, see `load_start`; None to start from chance.
        until: Stop before this step, to go on later.
    """
    out.mkdir(parents=True, exist_ok=True)
    step, model, average = saved_step(out), None, None
    last = min(plan.steps, until or plan.steps)
    while step < last:
        number, phase = phase_at(plan, step) or (0, plan.phases[-1])
        if model is not None and average is not None:
            save_state(out, model, average, step)
        model = None
        keras.backend.clear_session()
        gc.collect()  # a network is full of cycles: without this, each phase's stays until memory ends
        model = build(plan, phase)
        if (out / "state.npz").exists():
            average, step = load_state(out, model)
        else:
            if weights is not None:
                load_start(model, weights)
            average = WeightAverage(model.get_weights())
        end = min(last, sum(p.steps for p in plan.phases[: number + 1]))
        step = _run_phase(plan, model, average, films, out, step, end)
    if model is not None and average is not None:
        save_state(out, model, average, step)
        np.savez(out / "average.npz", *average.weights)


def _run_phase(
    plan: TrainingPlan,
    model: MaskRCNN,
    average: WeightAverage,
    films: Sequence[PreparedCase],
    out: Path,
    step: int,
    end: int,
) -> int:
    batches = prefetched(endless_batches(films, model.config.canvas, plan.batch, plan.augmentation, plan.seed + step))
    started = time.monotonic()
    with (out / "log.jsonl").open("a") as log:
        while step < end:
            model.optimizer.learning_rate = learning_rate(plan, step)
            logs = model.train_on_batch(next(batches), return_dict=True)
            step += 1
            if step % _AVERAGE_EVERY == 0:
                average.update(model.get_weights())
            if step % _LOG_EVERY == 0:
                seconds, started = time.monotonic() - started, time.monotonic()
                line = {"step": step, "canvas": model.config.canvas, "seconds_per_step": seconds / _LOG_EVERY}
                line |= {k: round(float(v), 4) for k, v in dict(logs).items()}
                log.write(json.dumps(line) + "\n")
                log.flush()
                model.reset_metrics()
            if step % _SAVE_EVERY == 0:
                save_state(out, model, average, step)
    return step
