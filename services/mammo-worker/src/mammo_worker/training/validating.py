"""Validates a training on a fifth of its patients, and chooses the resulting weights."""

import hashlib
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras

from lobule_ml.training.state import AVERAGE_FILE, BEST_FILE, load_weights, save_weights
from lobule_ml.training.validation import Measures, Validation
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.augment import Augmentation
from mammo_worker.data.batches import TrainingFilm, augmented_batches
from mammo_worker.nn.mask_rcnn import MaskRCNN
from mammo_worker.training.plan import TrainingPlan

ValidationAt = Callable[[tuple[int, int]], Validation]
"""Makes the validation for films of a height and width."""

_SHARE = 5
_UNCHANGED = Augmentation(flip=0.0, scale=(1.0, 1.0), rotation=0.0, shift=0.0, contrast=0.0)


def set_apart(plan: TrainingPlan, films: Sequence[AnnotatedFilm]) -> tuple[list[int], list[int]]:
    """Indices of the training films, and of the validation films, which are empty if a plan does not validate.

    Raises:
        ValueError: There is only one patient.
    """
    if not plan.validate_every:
        return list(range(len(films))), []
    patients = sorted({film.patient for film in films}, key=lambda name: _by_chance(plan.seed, name))
    if len(patients) < 2:
        raise ValueError("validation needs two training patients; set validate_every=0")
    kept = set(patients[: max(1, len(patients) // _SHARE)])
    sides: tuple[list[int], list[int]] = ([], [])
    for index, film in enumerate(films):
        sides[film.patient in kept].append(index)
    return sides


def validation_on(plan: TrainingPlan, films: Sequence[TrainingFilm]) -> ValidationAt:
    """Mean losses on unchanged films, with the same sampled regions each time."""

    def at(size: tuple[int, int]) -> Validation:
        batch_of = augmented_batches(films, size, plan.batch, _UNCHANGED, plan.seed)

        def measure(model: keras.Model) -> Measures:
            assert isinstance(model, MaskRCNN)
            model.reset_metrics()
            losses: dict[str, Any] = {}
            with model.initial_random_state():
                for step in range(math.ceil(len(films) / plan.batch)):
                    losses = dict(model.test_on_batch(*batch_of(step), return_dict=True))  # means since the reset
            return {name: float(value) for name, value in losses.items()}

        return Validation(measure, plan.validate_every, patience=plan.patience)

    return at


def keep_chosen(plan: TrainingPlan, folder: Path) -> None:
    """Use the weights of the best validation as the result of a finished run, if its plan requires it."""
    if plan.keep == "best" and (folder / AVERAGE_FILE).exists() and (folder / BEST_FILE).exists():
        save_weights(folder / AVERAGE_FILE, load_weights(folder / BEST_FILE))


def _by_chance(seed: int, patient: str) -> bytes:
    return hashlib.sha256(f"validation {seed} {patient}".encode()).digest()
