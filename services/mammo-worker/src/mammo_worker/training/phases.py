"""Trains a network through the phases of a plan, each at its own canvas and scope, from the last one's weights."""

from collections.abc import Callable
from pathlib import Path

import keras

from lobule_ml.training.loop import BatchOf, LoopSettings, run
from lobule_ml.training.state import saved_step
from lobule_ml.training.torch_speed import prepare_torch
from mammo_worker.nn.mask_rcnn import MaskRCNN
from mammo_worker.training.network import build
from mammo_worker.training.plan import Phase, TrainingPlan
from mammo_worker.training.validating import ValidationAt, keep_chosen

Start = Callable[[MaskRCNN], None]
BatchesAt = Callable[[tuple[int, int]], BatchOf]
"""Makes batches by step for films of a height and width."""


def phase_at(plan: TrainingPlan, step: int) -> tuple[int, Phase] | None:
    """The number and the phase of `step`; None if the plan is finished."""
    for number, phase in enumerate(plan.phases):
        if step < phase.steps:
            return number, phase
        step -= phase.steps
    return None


def run_phases(
    plan: TrainingPlan,
    batches_at: BatchesAt,
    folder: Path,
    start: Start,
    *,
    until: int | None = None,
    settings: LoopSettings | None = None,
    validation_at: ValidationAt | None = None,
) -> int:
    """Train through the phases; resumes if `folder` contains a state.

    The moments of the optimiser are kept between phases that train the same part of the network, and reset otherwise.

    Args:
        plan: Network, phases and rates.
        batches_at: Makes the training batches.
        folder: Folder of the run, see `lobule_ml.training.loop.run`.
        start: Initialises the weights of a new network.
        until: Stop before this step, to resume later.
        settings: Settings of the loop; by default with the plan's average.
        validation_at: Validation of the last phase; the losses of phases with other sizes are not comparable.

    Returns:
        Number of finished steps.
    """
    prepare_torch()
    schedule = plan.schedule()
    settings = settings or LoopSettings(plan.average_momentum, plan.average_every)
    last = min(plan.steps, plan.steps if until is None else until)
    done = saved_step(folder)
    while done < last and (now := phase_at(plan, done)):
        number, phase = now
        keras.backend.clear_session()  # and collect garbage, because a network has many reference cycles
        keras.utils.set_random_seed(plan.seed)
        model = build(plan, phase)
        if done == 0:
            start(model)
        end = min(last, sum(p.steps for p in plan.phases[: number + 1]))
        canvas, is_last = model.config.canvas, number == len(plan.phases) - 1
        done = run(
            model,
            batches_at(canvas),
            schedule,
            folder,
            settings=settings,
            until=end,
            optimizer_from=_optimizer_from(plan, number),
            validation=validation_at(canvas) if validation_at and is_last else None,
        )
        if done < end:
            break
    keep_chosen(plan, folder)
    return done


def _optimizer_from(plan: TrainingPlan, number: int) -> int:
    """The first step of the successive phases up to this one that train the same part of the network."""
    same = number
    while same > 0 and plan.phases[same - 1].scope == plan.phases[number].scope:
        same -= 1
    return sum(p.steps for p in plan.phases[:same])
