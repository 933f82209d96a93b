"""Trains the network of the search."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from lobule_ml.training.loop import AVERAGE_FILE, LoopSettings, run
from lobule_ml.training.record import hash_files, hash_truth, require_plan, write_record
from lobule_ml.training.schedule import Schedule
from lobule_ml.training.torch_speed import fuse_batch_normalization, prepare_torch
from mammo_worker.calcifications.images import original_crops
from mammo_worker.calcifications.network import build_network, search_loss
from mammo_worker.calcifications.plan import SearchPlan
from mammo_worker.calcifications.reading import seen_on_masses
from mammo_worker.calcifications.windows import Sources, batches, fine_parts, groups_to_paste
from mammo_worker.data.splits import fold_of
from mammo_worker.regions.crops import Crop
from mammo_worker.regions.targets import NAMES

_CLUSTERED = NAMES.index("calc distribution: CLUSTERED")


def usable(crops: Sequence[Crop]) -> tuple[list[Crop], list[Crop]]:
    """Groups of calcifications, and masses of patients without a described group."""
    groups = [c for c in crops if c.kind == "calcification"]
    patients = {c.patient for c in groups}
    return groups, [c for c in crops if c.kind == "mass" and c.patient not in patients]


def learned_from(crops: Sequence[Crop], fold: int | None) -> tuple[list[Crop], list[Crop]]:
    """The groups, and the masses on which nothing was seen, of the patients outside a fold."""
    seen = seen_on_masses()
    groups, masses = usable([c for c in crops if fold is None or fold_of(c.patient) != fold])
    return groups, [c for c in masses if c.path.name not in seen]


def build(plan: SearchPlan) -> keras.Model:
    """Build and compile the network."""
    keras.utils.set_random_seed(plan.seed)
    network = build_network(plan.widths, plan.precision)
    optimizer = keras.optimizers.AdamW(plan.learning_rate, weight_decay=plan.weight_decay, global_clipnorm=1.0)
    network.compile(optimizer, search_loss)
    network.jit_compile = False
    return network


def load_average(network: keras.Model, folder: Path, plan: SearchPlan) -> None:
    """Load the weights of a finished run of a plan into the network.

    Raises:
        FileNotFoundError: The run is not finished.
        ValueError: It was trained with another plan.
    """
    require_plan(folder, plan)
    with np.load(folder / AVERAGE_FILE) as average:
        network.set_weights([average[name] for name in average.files])


def train_fold(
    plan: SearchPlan,
    crops: Sequence[Crop],
    fold: int | None,
    folder: Path,
    *,
    until: int | None = None,
    settings: LoopSettings | None = None,
) -> int:
    """Train on all patients except those of a fold; resumable.

    Args:
        plan: Training plan.
        crops: All crops of CBIS-DDSM.
        fold: Number of the fold that is held out; None to train on every patient.
        folder: Folder of the run.
        until: Stop before this step, to resume later.
        settings: Settings of the loop.

    Returns:
        Number of finished steps.

    Raises:
        ValueError: The folder contains another run.
    """
    groups, masses = learned_from(crops, fold)
    learned = [*groups, *masses]
    counts = {"groups": len(groups), "masses": len(masses), "patients": len({c.patient for c in learned})}
    truth = hash_truth((c.path.name, c.kind, c.patient, bool(c.targets[_CLUSTERED])) for c in learned)
    digest = hash_files(c.path for c in learned)
    write_record(folder, plan, seed=plan.seed, data_sha256=digest, examples=counts, truth_sha256=truth)
    prepare_torch()
    fuse_batch_normalization()
    calcified = list(original_crops(groups))
    sources = Sources(
        calcified=calcified,
        clustered=[bool(image.crop.targets[_CLUSTERED]) for image in calcified],
        masses=list(original_crops(masses)),
        groups=groups_to_paste(groups),
        textures=fine_parts(masses),
    )
    schedule = Schedule(plan.steps, plan.learning_rate, plan.warm_up)
    return run(build(plan), batches(plan, sources), schedule, folder, settings=settings, until=until)
