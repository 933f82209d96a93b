"""Training a plan by name: over sizes and scopes, stopped and resumed to the bit."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from lobule_ml.packages import read_weights
from lobule_ml.training.loop import AVERAGE_FILE
from lobule_ml.training.state import STATE_FILE
from mammo_worker.configs import reference, toy
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.batches import FilmsOnDemand
from mammo_worker.labels import MALIGNANT
from mammo_worker.reproduce import shortened
from mammo_worker.training.films import train
from mammo_worker.training.network import build
from mammo_worker.training.plan import Phase, TrainingPlan

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
