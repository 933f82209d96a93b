"""Trains the region classifier."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import keras
import numpy as np

from lobule_ml.training.loop import AVERAGE_FILE, BatchOf, LoopSettings, run
from lobule_ml.training.order import epoch_order
from lobule_ml.training.record import hash_files, hash_truth, require_plan, write_record
from lobule_ml.training.schedule import Schedule
from lobule_ml.training.torch_speed import prepare_torch
from mammo_worker.data.splits import fold_of
from mammo_worker.regions.crops import Crop
from mammo_worker.regions.network import RegionModel, weighted_cross_entropy
from mammo_worker.regions.plan import RegionPlan
from mammo_worker.regions.prepare import prepare_region
from mammo_worker.regions.views import Views
from mammo_worker.training.network import starting_weights


def build(plan: RegionPlan, weights: Path | None) -> RegionModel:
    """Build the network with a compiled top.

    Args:
        plan: Training plan.
        weights: Folder of the pretrained backbones; None for random weights.
    """
    keras.utils.set_random_seed(plan.seed)
    model = RegionModel(plan.network, plan.precision)
    if weights is not None:
        model.load_imagenet(plan.network, weights)
    optimizer = keras.optimizers.AdamW(plan.learning_rate, weight_decay=plan.weight_decay, global_clipnorm=5.0)
    model.top.compile(optimizer, weighted_cross_entropy)
    model.top.jit_compile = False
    return model


def load_average(model: RegionModel, folder: Path, plan: RegionPlan) -> None:
    """Load the weights of a finished run of a plan into the network.

    Raises:
        FileNotFoundError: The run is not finished.
        ValueError: It was trained with another plan.
    """
    require_plan(folder, plan)
    with np.load(folder / AVERAGE_FILE) as average:
        model.top.set_weights([average[name] for name in average.files])


def compute_views(
    plan: RegionPlan, crops: Sequence[Crop], folder: Path, model: RegionModel, starts_from: str | None
) -> Views:
    """Compute all missing views; only complete views are stored. Arguments as for `Views`."""
    views = Views(folder, plan, crops, starts_from)
    if missing := views.missing():
        prepared = [prepare_region(c.read(), c.native_size, plan.network.side) for c in crops]
        for view in missing:
            views.compute(view, prepared, model.trunk)
    return views


def batches(plan: RegionPlan, crops: Sequence[Crop], chosen: Sequence[int], views: Views) -> BatchOf:
    """Batches by step: ((maps, sizes), truth). Every pass over the chosen crops sees them in the next view."""
    truths = np.stack([np.stack([c.targets, c.weights]) for c in crops])
    truths[:, 0] = truths[:, 0] * (1 - plan.label_smoothing) + plan.label_smoothing / 2
    at, count = epoch_order(len(chosen), plan.seed), len(chosen)
    read = lru_cache(3)(views.read)

    def batch_of(step: int) -> tuple[Any, ...]:
        positions = range(step * plan.batch, (step + 1) * plan.batch)
        indices = [chosen[at(p)] for p in positions]
        seen = [read(p // count % plan.views) for p in positions]
        maps = np.stack([m[i] for i, (m, _) in zip(indices, seen, strict=True)]).astype(np.float32)
        return (maps, np.stack([s[i] for i, (_, s) in zip(indices, seen, strict=True)])), truths[indices]

    return batch_of


def train_fold(
    plan: RegionPlan,
    crops: Sequence[Crop],
    fold: int | None,
    folder: Path,
    weights: Path | None,
    *,
    cache: Path,
    until: int | None = None,
    settings: LoopSettings | None = None,
) -> int:
    """Train on all patients except those of a fold; resumable.

    Args:
        plan: Training plan.
        crops: All crops.
        fold: Number of the fold that is held out; None to train on every patient.
        folder: Folder of the run.
        weights: See `build`.
        cache: Folder of the views, shared by the folds.
        until: Stop before this step, to resume later.
        settings: Settings of the loop.

    Returns:
        Number of finished steps.

    Raises:
        ValueError: The folder contains another run, or the cache contains other views.
    """
    chosen = [i for i, c in enumerate(crops) if fold is None or fold_of(c.patient) != fold]
    seen = [crops[i] for i in chosen]
    counts = {"crops": len(seen), "patients": len({c.patient for c in seen})}
    truth = hash_truth((c.path.name, c.kind, c.patient, c.malignant, c.targets, c.weights) for c in seen)
    starts_from = starting_weights(plan.network.backbone, weights)
    write_record(
        folder,
        plan,
        seed=plan.seed,
        data_sha256=hash_files(c.path for c in seen),
        examples=counts,
        truth_sha256=truth,
        starts_from=starts_from,
        always_starts=weights is not None,
    )
    prepare_torch()
    model = build(plan, weights)
    views = compute_views(plan, crops, cache, model, starts_from)
    schedule = Schedule(plan.steps, plan.learning_rate, plan.warm_up)
    return run(model.top, batches(plan, crops, chosen, views), schedule, folder, settings=settings, until=until)
