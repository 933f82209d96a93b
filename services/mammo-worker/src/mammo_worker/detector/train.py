"""Trains the detector on the patients of four folds, to measure it on the fifth."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lobule.model_package import open_package
from lobule_ml.training.loop import LoopSettings
from lobule_ml.training.record import write_record
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.batches import prepare_training_film
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
from mammo_worker.data.splits import fold_of, split_of
from mammo_worker.detector.batches import film_batches
from mammo_worker.detector.plan import DetectorPlan
from mammo_worker.films.prepare import PREPROCESSING_VERSION
from mammo_worker.nn.mask_rcnn import MaskRCNN
from mammo_worker.packages import read_networks
from mammo_worker.training.learned import hash_film_truth, hash_films, write_learned
from mammo_worker.training.network import start_backbone, starting_weights
from mammo_worker.training.phases import run_phases
from mammo_worker.training.validating import set_apart, validation_on


def training_films(data: Path, fold: int | None) -> list[AnnotatedFilm]:
    """CBIS-DDSM's mass films of the patients outside a fold, with hand-drawn masks; of all patients for None."""
    cases = cbis_ddsm(data / "cbis_ddsm_mass", data / "cbis_masks")
    return [c for c in cases if fold is None or fold_of(c.patient) != fold]


def package_films(data: Path) -> list[AnnotatedFilm]:
    """The mass films, with hand-drawn masks, of a package's training patients by `mammo_worker.data.splits`."""
    return [c for c in training_films(data, None) if split_of(c.patient) == "train"]


def train_detector(
    plan: DetectorPlan,
    cases: Sequence[AnnotatedFilm],
    folder: Path,
    weights: Path | None,
    *,
    package: Path | None = None,
    until: int | None = None,
    settings: LoopSettings | None = None,
) -> int:
    """Train the detector; resumes if `folder` contains a state.

    Args:
        plan: Training plan.
        cases: Films of the training patients.
        folder: Folder of the run.
        weights: Folder of the pretrained backbones; None for random weights. It must not be a package, because the
            shipped ones have seen patients of every fold.
        package: A model package of the same network, from whose weights this training starts instead. `cases` may then
            contain only its training patients, see `package_films`.
        until: Stop before this step, to resume later.
        settings: Settings of the loop.

    Returns:
        Number of finished steps.

    Raises:
        ValueError: The folder contains another run, `weights` is a model package, or a training from a package would
            see other patients than that package.
    """
    if weights is not None and (weights / "model.json").exists():
        raise ValueError(f"{weights} is a model package, which has seen patients of every fold")
    training = plan.training
    if package is not None and any(split_of(c.patient) != "train" for c in cases):
        raise ValueError("a training that starts from a package may see only its training patients")
    # A run that started with films of another preparation is a different run.
    counts = {"films": len(cases), "patients": len({c.patient for c in cases}), "preparation": PREPROCESSING_VERSION}
    write_record(
        folder,
        plan,
        seed=training.seed,
        data_sha256=hash_films(cases),
        examples=counts,
        truth_sha256=hash_film_truth(cases),
        starts_from=starting_weights(training.network.backbone.name, package or weights),
    )
    write_learned(folder, cases)
    films = [prepare_training_film(c, training.source_canvas) for c in cases]
    learned, kept = ([films[i] for i in indices] for indices in set_apart(training, cases))
    return run_phases(
        training,
        lambda size: film_batches(learned, size, plan),
        folder,
        lambda model: start_from(model, weights, package),
        until=until,
        settings=settings,
        validation_at=validation_on(training, kept) if kept else None,
    )


def start_from(model: MaskRCNN, weights: Path | None, package: Path | None) -> None:
    """Initialise a network with a package's weights, otherwise with those of a pretrained backbone."""
    if package is not None:
        model.set_weights([w.astype(np.float32) for w in read_networks(open_package(package))[0]])
    elif weights is not None:
        start_backbone(model, weights)
