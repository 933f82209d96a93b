"""Trains a plan on films with geometric and contrast augmentation: named plans, and the rows of the thesis' tables."""

from collections.abc import Sequence
from pathlib import Path

from lobule_ml.training.loop import LoopSettings
from lobule_ml.training.record import write_record
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.batches import FilmsOnDemand, TrainingFilm, augmented_batches
from mammo_worker.films.prepare import PREPROCESSING_VERSION
from mammo_worker.nn.mask_rcnn import MaskRCNN
from mammo_worker.training.learned import hash_film_truth, hash_films, write_learned
from mammo_worker.training.network import start_backbone, starting_weights
from mammo_worker.training.phases import run_phases
from mammo_worker.training.plan import TrainingPlan
from mammo_worker.training.validating import set_apart, validation_on


def train(
    plan: TrainingPlan,
    films: Sequence[AnnotatedFilm],
    folder: Path,
    weights: Path | None,
    *,
    prepared: Sequence[TrainingFilm] | None = None,
    until: int | None = None,
    settings: LoopSettings | None = None,
) -> int:
    """Train a plan; resumes if `folder` contains a state.

    Args:
        plan: Training plan.
        films: Films of the training patients.
        folder: Folder of the run: `run.json`, `films.csv`, `state.npz`, `log.csv` and, at the end, `average.npz`.
        weights: Initial weights of the backbone, see `training.network.start_backbone`; None for random weights.
        prepared: The same films, already prepared; None to prepare them at the plan's size.
        until: Stop before this step, to resume later.
        settings: Settings of the loop.

    Returns:
        Number of finished steps.

    Raises:
        ValueError: The folder contains another run, or there are too few patients for the validation.
    """
    counts = {"films": len(films), "patients": len({f.patient for f in films}), "preparation": PREPROCESSING_VERSION}
    write_record(
        folder,
        plan,
        seed=plan.seed,
        data_sha256=hash_films(films),
        examples=counts,
        truth_sha256=hash_film_truth(films),
        starts_from=starting_weights(plan.network.backbone.name, weights),
    )
    write_learned(folder, films)

    def ready(indices: Sequence[int]) -> Sequence[TrainingFilm]:
        if prepared is not None:
            return [prepared[i] for i in indices]
        return FilmsOnDemand([films[i] for i in indices], plan.source_canvas)

    learned, kept = map(ready, set_apart(plan, films))

    def start(model: MaskRCNN) -> None:
        if weights is not None:
            start_backbone(model, weights)

    return run_phases(
        plan,
        lambda size: augmented_batches(learned, size, plan.batch, plan.augmentation, plan.seed),
        folder,
        start,
        until=until,
        settings=settings,
        validation_at=validation_on(plan, kept) if kept else None,
    )
