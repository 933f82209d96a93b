"""Batches of changed films: a function of the step, so that a training can go on anywhere."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lobule_ml.training.loop import BatchOf
from lobule_ml.training.order import epoch_order
from mammo_worker.data.batches import Batch, PreparedCase, augmented
from mammo_worker.detector.lesions import changed_lesions
from mammo_worker.detector.plan import DetectorPlan
from mammo_worker.detector.scanner import rescanned


def example(
    film: PreparedCase,
    donors: Sequence[PreparedCase],
    size: tuple[int, int],
    plan: DetectorPlan,
    chance: np.random.Generator,
) -> Batch:
    """One example of `nn.mask_rcnn.MaskRCNN`'s training input, without the batch axis."""
    changed = changed_lesions(film, donors, plan.lesions, chance)
    out = augmented(changed, size, replace(plan.training.augmentation, contrast=0.0), chance)
    return out | {"canvas": rescanned(out["canvas"][..., 0], plan.scanner, chance)}


def film_batches(films: Sequence[PreparedCase], size: tuple[int, int], plan: DetectorPlan) -> BatchOf:
    """Batches by step; every film once per pass, in a new order each time."""
    at, batch = epoch_order(len(films), plan.training.seed), plan.training.batch

    def batch_of(step: int) -> tuple[Any, ...]:
        chance = np.random.default_rng((plan.training.seed, 1, step))
        chosen = [films[at(step * batch + i)] for i in range(batch)]
        examples = [example(film, films, size, plan, chance) for film in chosen]
        return ({key: np.stack([e[key] for e in examples]) for key in examples[0]},)

    return batch_of
