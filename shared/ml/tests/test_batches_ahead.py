"""Batches that several threads prepare ahead of their training step."""

import threading

import keras
import numpy as np

from lobule_ml.training.loop import LoopSettings, run
from lobule_ml.training.schedule import Schedule

STEPS = 6


def line_model():
    keras.utils.set_random_seed(3)
    inputs = keras.layers.Input((4,))
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    model.compile(keras.optimizers.AdamW(1e-2), "mse", jit_compile=False)
    return model


def batch_of(step):
    x = np.random.default_rng((7, step)).normal(size=(8, 4)).astype(np.float32)
    return x, x[:, :1]


def test_are_learned_in_the_order_of_the_steps(tmp_path):
    made: list[int] = []
    third_is_made = threading.Event()

    def slow_first(step: int):
        if step == 0:
            assert third_is_made.wait(30), "the third batch is not made while the first one is awaited"
        made.append(step)
        if step == 2:
            third_is_made.set()
        return batch_of(step)

    one, several = line_model(), line_model()
    run(one, batch_of, Schedule(STEPS, 0.02, 2), tmp_path / "one", settings=LoopSettings(events=False))
    settings = LoopSettings(events=False, ahead=3)
    assert run(several, slow_first, Schedule(STEPS, 0.02, 2), tmp_path / "several", settings=settings) == STEPS
    assert made.index(2) < made.index(0)
    assert sorted(made) == list(range(STEPS))
    for a, b in zip(one.get_weights(), several.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
