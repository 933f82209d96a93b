"""Every configuration that ships trains a toy network by its own recipe; those that differ in phases alone, once."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from lobule_ml.training.loop import AVERAGE_FILE
from mammo_worker import configs
from mammo_worker.commands.options import read_film_plan
from mammo_worker.configs import reference, toy
from mammo_worker.configs.names import PLANS
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.detector.plan import DetectorPlan
from mammo_worker.detector.train import train_detector
from mammo_worker.labels import MALIGNANT
from mammo_worker.training.films import train

TABLES = [name for name, make in PLANS.items() if make.__module__ == reference.__name__]
EVERY_SCOPE = "table15-2"
FILES = [p.stem for p in Path(configs.__path__[0]).glob("*.py") if "def plan()" in p.read_text("utf-8")]
OTHERS = sorted({*PLANS, *FILES} - {*TABLES, "calcifications", "regions", "toy"})


def short(plan, *, every_scope=False):
    """A step of the last phase, or of each scope, at toy size."""
    phases = {phase.scope: replace(phase, steps=1, canvas=(64, 64)) for phase in plan.phases}
    return replace(plan, phases=tuple(phases.values())[0 if every_scope else -1 :], batch=1)


def short_tables():
    """The thesis' plans by name, each kind of network and recipe once."""
    plans = {name: PLANS[name](toy.anchor_network((64, 64))) for name in (EVERY_SCOPE, *TABLES)}
    by_last_phase = {repr(short(plan)): name for name, plan in reversed(plans.items())}
    return {name: short(plans[name], every_scope=name == EVERY_SCOPE) for name in by_last_phase.values()}


@pytest.fixture
def films(draw_film):
    box, labels = np.array([[60, 200, 100, 260]], np.float32), np.array([MALIGNANT], np.int32)
    return [AnnotatedFilm("film", "patient", box, labels, True, lambda: draw_film(600, 400, 8))]


def trained(folder):
    with np.load(folder / AVERAGE_FILE) as saved:
        return all(np.isfinite(saved[name]).all() for name in saved.files)


@pytest.mark.parametrize("plan", short_tables().values(), ids=short_tables())
def test_plan_of_the_thesis(plan, films, tmp_path, eager):
    assert (plan.optimiser, plan.rate) == ("sgd", "constant")
    assert train(plan, films, tmp_path, None) == plan.steps
    assert trained(tmp_path)


@pytest.mark.parametrize("name", OTHERS)
def test_plan(name, films, tmp_path, eager):
    plan = read_film_plan(name, None)
    training = plan.training if isinstance(plan, DetectorPlan) else plan
    training = short(replace(training, network=toy.network((64, 64))))
    if isinstance(plan, DetectorPlan):
        done = train_detector(replace(plan, training=training), films, tmp_path, None)
    else:
        done = train(training, films, tmp_path, None)
    keras.config.set_dtype_policy("float32")
    assert done == training.steps
    assert trained(tmp_path)
