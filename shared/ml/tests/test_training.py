"""The training loop: it learns, resumes bit for bit, saves on SIGTERM and by time, and records what it did."""

import csv
import json
import os
import signal
import sys
from dataclasses import dataclass

import keras
import numpy as np
import pytest

from lobule_ml.training.configuration import load_plan
from lobule_ml.training.loop import AVERAGE_FILE, LOG_FILE, LoopSettings, run
from lobule_ml.training.order import epoch_order
from lobule_ml.training.record import RECORD_FILE, hash_files, write_record
from lobule_ml.training.schedule import Schedule
from lobule_ml.training.state import load_state, saved_step

STEPS = 40


def tiny_model():
    keras.utils.set_random_seed(3)
    inputs = keras.layers.Input((8,))
    x = keras.layers.BatchNormalization()(keras.layers.Dense(16, "relu")(inputs))
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Dropout(0.2, seed=5)(x)))
    model.compile(keras.optimizers.AdamW(1e-2), "mse", jit_compile=False)
    return model


def batch_of(step):
    chance = np.random.default_rng((7, step))
    x = chance.normal(size=(16, 8)).astype(np.float32)
    return x, x[:, :1] - 2 * x[:, 1:2]


def losses(folder):
    with (folder / LOG_FILE).open() as stream:
        return [float(row["loss"]) for row in csv.DictReader(stream)]


def arrays(path):
    with np.load(path) as saved:
        return {name: saved[name] for name in saved.files}


def test_loss_falls(tmp_path):
    assert run(tiny_model(), batch_of, Schedule(STEPS, 0.03, 5), tmp_path) == STEPS
    said = losses(tmp_path)
    assert len(said) == STEPS // 10
    assert said[-1] < 0.5 * said[0]


def test_resumed_run_equals_uninterrupted_one_bit_for_bit(tmp_path):
    schedule = Schedule(STEPS, 0.02, 5)
    run(tiny_model(), batch_of, schedule, tmp_path / "through")
    assert run(tiny_model(), batch_of, schedule, tmp_path / "stopped", until=13) == 13
    assert run(tiny_model(), batch_of, schedule, tmp_path / "stopped") == STEPS
    for file in (AVERAGE_FILE, "state.npz"):
        through, stopped = arrays(tmp_path / "through" / file), arrays(tmp_path / "stopped" / file)
        assert through.keys() == stopped.keys()
        for name, value in through.items():
            np.testing.assert_array_equal(value, stopped[name], err_msg=name)


def test_sigterm_saves_and_stops(tmp_path):
    def interrupted(step):
        if step == 4:
            os.kill(os.getpid(), signal.SIGTERM)
        return batch_of(step)

    before = signal.getsignal(signal.SIGTERM)
    done = run(tiny_model(), interrupted, Schedule(STEPS, 0.02, 5), tmp_path)
    assert 1 <= done < STEPS
    assert saved_step(tmp_path) == done
    assert not (tmp_path / AVERAGE_FILE).exists()
    assert signal.getsignal(signal.SIGTERM) is before
    assert run(tiny_model(), batch_of, Schedule(STEPS, 0.02, 5), tmp_path) == STEPS


def test_state_is_saved_by_time(tmp_path):
    seen = []

    def watched(step):
        seen.append(saved_step(tmp_path))
        return batch_of(step)

    run(tiny_model(), watched, Schedule(6, 0.02, 5), tmp_path, settings=LoopSettings(save_seconds=0.0))
    assert seen[-1] >= 4  # the batch is made one step ahead of its use


def test_state_of_another_network_is_refused(tmp_path):
    run(tiny_model(), batch_of, Schedule(2, 0.02, 5), tmp_path)
    other = keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(1)])
    other.compile(keras.optimizers.AdamW(1e-2), "mse")
    with pytest.raises(ValueError, match="another network"):
        load_state(tmp_path, other, 0.98)


@dataclass(frozen=True)
class Plan:
    rate: float = 0.1


def test_record_names_versions_and_refuses_another_run(tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    digest = hash_files([tmp_path / "a"])
    (tmp_path / "a").write_bytes(b"2")
    assert hash_files([tmp_path / "a"]) != digest
    write_record(tmp_path, Plan(), seed=1, data_sha256=digest, examples={"films": 2})
    record = json.loads((tmp_path / RECORD_FILE).read_text())
    assert record["plan"] == {"rate": 0.1}
    assert record["versions"]["keras"] == keras.__version__
    write_record(tmp_path, Plan(), seed=1, data_sha256=digest, examples={"films": 2})
    with pytest.raises(ValueError, match="plan"):
        write_record(tmp_path, Plan(0.2), seed=1, data_sha256=digest, examples={"films": 2})
    with pytest.raises(ValueError, match="starts_from"):
        write_record(tmp_path, Plan(), seed=1, data_sha256=digest, examples={"films": 2}, starts_from="other 12ab")


def test_every_epoch_sees_every_example_once():
    at = epoch_order(7, seed=1)
    epochs = [[at(p) for p in range(e * 7, (e + 1) * 7)] for e in range(3)]
    assert all(sorted(e) == list(range(7)) for e in epochs)
    assert epochs[0] != epochs[1]


@dataclass(frozen=True)
class Outer:
    plan: Plan = Plan()
    steps: int = 3


def test_configuration_is_a_python_file_with_values_set_anew(tmp_path, monkeypatch):
    text = "import kind\ndef plan():\n    return kind.Outer(steps=4)\n"
    (tmp_path / "mine.py").write_text(text, "utf-8")
    monkeypatch.setitem(sys.modules, "kind", sys.modules[__name__])
    for config in (str(tmp_path / "mine.py"), "mine"):
        assert load_plan(config, Outer, tmp_path, ["plan.rate=1"]) == Outer(Plan(1.0), 4)


@pytest.mark.parametrize(
    ("config", "change", "said"),
    [
        ("no-such", [], "no configuration"),
        ("other", [], "Outer"),
        ("mine", ["no_such=1"], "no_such"),
        ("mine", ["steps=many"], "int"),
        ("mine", ["steps"], "name=value"),
    ],
)
def test_wrong_configuration_is_told(tmp_path, monkeypatch, config, change, said):
    (tmp_path / "mine.py").write_text("import kind\ndef plan():\n    return kind.Outer()\n", "utf-8")
    (tmp_path / "other.py").write_text("def plan():\n    return 3\n", "utf-8")
    monkeypatch.setitem(sys.modules, "kind", sys.modules[__name__])
    with pytest.raises(ValueError, match=said):
        load_plan(config, Outer, tmp_path, change)
