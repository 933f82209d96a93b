"""Training a plan by name: over sizes and scopes, stopped and resumed to the bit."""

import numpy as np
import pytest

from lobule_ml.packages import read_weights
from lobule_ml.training.loop import AVERAGE_FILE
from lobule_ml.training.state import STATE_FILE
from mammo_worker.configs import toy
from mammo_worker.configs.plan import Phase, TrainingPlan
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.batches import prepare_training_film
from mammo_worker.labels import MALIGNANT
from mammo_worker.training.films import train

PLAN = TrainingPlan(
    toy.anchor_network(),
    (Phase(2, canvas=(64, 64), scope="heads"), Phase(1, scope="all"), Phase(1, scope="all")),
    batch=2,
    warm_up=1,
)


@pytest.fixture
def films(draw_film):
    box = np.array([[60, 200, 100, 260]], np.float32)
    labels = np.array([MALIGNANT], np.int32)
    readers = [lambda seed=seed: draw_film(600, 400, 8, seed=seed) for seed in range(3)]
    cases = [AnnotatedFilm(f"film{i}", f"patient{i}", box, labels, True, read) for i, read in enumerate(readers)]
    return [prepare_training_film(case, (128, 64)) for case in cases]


def test_training_over_scopes_resumes_bit_for_bit(films, tmp_path, eager):
    assert train(PLAN, films, tmp_path / "through", None) == 4
    for until in (1, 2, 3):
        assert train(PLAN, films, tmp_path / "stopped", None, until=until) == until
    assert train(PLAN, films, tmp_path / "stopped", None) == 4
    for file in (AVERAGE_FILE, STATE_FILE):
        through, stopped = (read_weights(tmp_path / name / file) for name in ("through", "stopped"))
        for one, other in zip(through, stopped, strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_run_of_another_plan_is_not_gone_on_with(films, tmp_path, eager):
    train(PLAN, films, tmp_path, None, until=1)
    with pytest.raises(ValueError, match="plan"):
        train(TrainingPlan(toy.anchor_network(), (Phase(4),), batch=2), films, tmp_path, None)
