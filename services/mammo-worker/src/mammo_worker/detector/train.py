"""Training the detector on the patients of four folds, to be measured on the fifth."""

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
    """CBIS-DDSM's mass films of the patients outside a fold, with their hand-drawn masks; of everybody for None."""
    cases = cbis_ddsm(data / "cbis_ddsm_mass", data / "cbis_masks")
    return [c for c in cases if fold is None or fold_of(c.patient) != fold]


def package_films(data: Path) -> list[AnnotatedFilm]:
    """The mass films, with their hand-drawn masks, of the patients that `mammo_worker.data.splits` gives a package."""
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
    """Train, going on from `folder` where there is something to go on from.

    Args:
        plan: What and how.
        cases: Films of the training patients.
        folder: Of the run.
        weights: Folder of the pretrained backbones; None to start from chance. Never a package: the shipped ones have
            seen patients of every fold.
        package: A model package of the same network, whose weights this training starts from instead. Its own training
            patients are the only ones that may be among `cases`, see `package_films`.
        until: Stop before this step, to go on later.
        settings: Of the loop.

    Returns:
        Steps done.

    Raises:
        ValueError: The folder holds another run, `weights` is a model package, or a training from a package would see
            other patients than that package did.
    """
    if weights is not None and (weights / "model.json").exists():
        raise ValueError(f"{weights} is a model package, which has seen patients of every fold")
    training = plan.training
    if package is not None and any(split_of(c.patient) != "train" for c in cases):
        raise ValueError("a training that starts from a package may see its training patients alone")
    # A run that began with films prepared in another way is another run.
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
    """Give a network its first weights: a package's, else those of a pretrained backbone."""
    if package is not None:
        model.set_weights([w.astype(np.float32) for w in read_networks(open_package(package))[0]])
    elif weights is not None:
        start_backbone(model, weights)
