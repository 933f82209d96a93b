"""Batches of changed films, which depend only on the step, so that a training can resume anywhere."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lobule_ml.training.loop import BatchOf
from mammo_worker.data.batches import Batch, TrainingFilm, augmented, batches_of_examples
from mammo_worker.detector.lesions import changed_lesions
from mammo_worker.detector.plan import DetectorPlan
from mammo_worker.detector.scanner import rescanned
from mammo_worker.films.looks import partly_digital


def example(
    film: TrainingFilm,
    donors: Sequence[TrainingFilm],
    size: tuple[int, int],
    plan: DetectorPlan,
    chance: np.random.Generator,
) -> Batch:
    """Make one example of `nn.mask_rcnn.MaskRCNN`'s training input, without the batch axis."""
    changed = changed_lesions(film, donors, plan.lesions, chance)
    out = augmented(changed, size, replace(plan.training.augmentation, contrast=0.0), chance)
    grey = out["canvas"][..., 0]
    if plan.digital and chance.random() < plan.digital:
        return out | {"canvas": partly_digital(grey, chance)}
    return out | {"canvas": rescanned(grey, plan.scanner, chance)}


def film_batches(films: Sequence[TrainingFilm], size: tuple[int, int], plan: DetectorPlan) -> BatchOf:
    """Return a function that makes batches by step: every film once per epoch, in a new order each time."""
    training = plan.training
    return batches_of_examples(
        films, training.batch, training.seed, lambda film, chance: example(film, films, size, plan, chance)
    )
