"""Training a plan by name: over sizes and scopes, stopped and resumed to the bit."""

import csv
from dataclasses import replace

import keras
import numpy as np
import pytest

from lobule_ml.packages import read_weights
from lobule_ml.training.log import VALIDATION_FILE
from lobule_ml.training.loop import AVERAGE_FILE
from lobule_ml.training.state import BEST_FILE, STATE_FILE
from mammo_worker.configs import reference, toy
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.batches import FilmsOnDemand
from mammo_worker.labels import MALIGNANT
from mammo_worker.reproduce import shortened
from mammo_worker.training.films import train
from mammo_worker.training.network import build
from mammo_worker.training.plan import Phase, TrainingPlan
from mammo_worker.training.validating import set_apart

PLAN = TrainingPlan(
    toy.anchor_network(),
    (Phase(2, canvas=(64, 64), scope="heads"), Phase(1, scope="all")),
    batch=2,
    warm_up=1,
)


@pytest.fixture
def films(draw_film):
    box = np.array([[60, 200, 100, 260]], np.float32)
    labels = np.array([MALIGNANT], np.int32)
    readers = [lambda seed=seed: draw_film(600, 400, 8, seed=seed) for seed in range(3)]
    return [AnnotatedFilm(f"film{i}", f"patient{i}", box, labels, True, read) for i, read in enumerate(readers)]


def test_training_over_scopes_resumes_bit_for_bit(films, tmp_path, eager):
    assert train(PLAN, films, tmp_path / "through", None) == 3
    for until in (1, 2):
        assert train(PLAN, films, tmp_path / "stopped", None, until=until) == until
    assert train(PLAN, films, tmp_path / "stopped", None) == 3
    for file in (AVERAGE_FILE, STATE_FILE):
        through, stopped = (read_weights(tmp_path / name / file) for name in ("through", "stopped"))
        for one, other in zip(through, stopped, strict=True):
            np.testing.assert_array_equal(one, other)


def test_validation_changes_nothing_and_the_best_weights_are_kept(films, tmp_path, eager):
    plan = replace(PLAN, phases=(Phase(2, canvas=(64, 64)),), average_every=1)
    ways = {"rarely": {"validate_every": 2}, "often": {"validate_every": 1, "keep": "best"}}
    for name, changes in ways.items():
        assert train(replace(plan, **changes), films, tmp_path / name, None) == 2
    rarely, often = (read_weights(tmp_path / name / STATE_FILE) for name in ways)
    for one, other in zip(rarely[3:], often[3:], strict=True):  # without the step and the best validation so far
        np.testing.assert_array_equal(one, other)
    with (tmp_path / "often" / VALIDATION_FILE).open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["step"] for row in rows] == ["1", "2"]
    assert all(0 < float(row["loss"]) < 100 for row in rows)
    kept, best = (read_weights(tmp_path / "often" / file) for file in (AVERAGE_FILE, BEST_FILE))
    for one, other in zip(kept, best, strict=True):
        np.testing.assert_array_equal(one, other)


def test_patients_that_are_validated_on_are_not_learned_from(films):
    plan = replace(PLAN, validate_every=1)
    twice = [*films, *(replace(film, name=f"{film.name}b") for film in films)]
    learned, kept = ({twice[i].patient for i in side} for side in set_apart(plan, twice))
    assert (len(learned), len(kept)) == (2, 1)
    assert not learned & kept
    with pytest.raises(ValueError, match="two training patients"):
        set_apart(plan, films[:1])
    assert set_apart(PLAN, films[:1]) == ([0], [])
    with pytest.raises(ValueError, match="validate_every=N"):
        replace(PLAN, keep="best")


def test_a_run_of_another_plan_is_not_gone_on_with(films, tmp_path, eager):
    train(PLAN, films, tmp_path, None, until=1)
    with pytest.raises(ValueError, match="plan"):
        train(TrainingPlan(toy.anchor_network(), (Phase(4),), batch=2), films, tmp_path, None)


def test_films_are_prepared_when_they_are_asked_for_and_kept_as_memory_goes(films):
    read = []

    def watched(film):
        return replace(film, read=lambda: (read.append(film.name), film.read())[1])

    few = FilmsOnDemand([watched(film) for film in films], (128, 64), memory=2 * 128 * 64 * 3)
    assert len(few) == 3
    assert read == []
    assert few[0].canvas.shape == (128, 64, 2)
    assert few[0] is few[0]
    assert few[-1] is few[2]
    assert read == ["film0", "film2"]
    assert [f.annotated.name for f in few[:2]] == ["film0", "film1"]
    with pytest.raises(IndexError):
        few[3]


def test_the_thesis_plans_keep_their_recipe():
    plan = reference.plan()
    assert plan.source_canvas == (2048, 2048)
    assert {plan.schedule().at(step) for step in (0, 700, 40_000)} == {1e-3}
    assert isinstance(build(replace(plan, network=toy.anchor_network()), Phase(1)).optimizer, keras.optimizers.SGD)
    still = plan.augmentation
    assert (still.flip, still.scale, still.rotation, still.shift, still.contrast) == (0, (1, 1), 0, 0, 0)
    assert shortened(plan, 40).optimiser == "adamw"
