"""The training loop: it learns, resumes bit for bit, saves on SIGTERM and by time, and records what it did."""

import csv
import os
import re
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.util.event_pb2 import Event

from lobule_ml.training import loop
from lobule_ml.training.log import VALIDATION_FILE, Announcer
from lobule_ml.training.loop import AVERAGE_FILE, LOG_FILE, LoopSettings, run
from lobule_ml.training.order import epoch_order
from lobule_ml.training.schedule import Schedule
from lobule_ml.training.state import BEST_FILE, is_finished, load_state, load_weights, saved_step
from lobule_ml.training.validation import Best, Validation

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


def validation(patience=0):
    """Validation with the loss on a batch outside the training set."""
    x, y = batch_of(10**6)

    def measure(model):
        return {"loss": float(np.mean((np.asarray(model(x, training=False)) - y) ** 2))}

    return Validation(measure, every=5, patience=patience)


def test_validated_run_keeps_best_and_last_and_resumes_bit_for_bit(tmp_path):
    schedule = Schedule(STEPS, 0.05, 5)
    run(tiny_model(), batch_of, schedule, tmp_path / "through", validation=validation())
    run(tiny_model(), batch_of, schedule, tmp_path / "stopped", validation=validation(), until=13)
    run(tiny_model(), batch_of, schedule, tmp_path / "stopped", validation=validation())
    run(tiny_model(), batch_of, schedule, tmp_path / "unseen")
    for file in (AVERAGE_FILE, BEST_FILE):
        through, stopped = (load_weights(tmp_path / run / file) for run in ("through", "stopped"))
        for one, other in zip(through, stopped, strict=True):
            np.testing.assert_array_equal(one, other)
    for one, other in zip(
        load_weights(tmp_path / "through" / AVERAGE_FILE), load_weights(tmp_path / "unseen" / AVERAGE_FILE), strict=True
    ):
        np.testing.assert_array_equal(one, other)  # validation changes nothing
    table = (tmp_path / "stopped" / VALIDATION_FILE).read_text()
    assert table == (tmp_path / "through" / VALIDATION_FILE).read_text()
    with (tmp_path / "through" / VALIDATION_FILE).open() as stream:
        rows = {int(row["step"]): float(row["loss"]) for row in csv.DictReader(stream)}
    assert list(rows) == list(range(5, STEPS + 1, 5))
    best = tiny_model()
    best.set_weights(load_weights(tmp_path / "through" / BEST_FILE))
    assert validation().measure(best)["loss"] == pytest.approx(min(rows.values()), abs=1e-5)


def test_training_ends_early_without_a_better_validation(tmp_path):
    got_worse = iter([3.0, 2.0, float("nan"), 2.5, 1.0])
    ends = Validation(lambda model: {"loss": next(got_worse)}, every=2, patience=2)
    assert run(tiny_model(), batch_of, Schedule(STEPS, 0.02, 5), tmp_path, validation=ends) == 8
    assert is_finished(tmp_path)
    assert run(tiny_model(), batch_of, Schedule(STEPS, 0.02, 5), tmp_path, validation=ends) == 8
    assert load_state(tmp_path, tiny_model(), 0.98).best == Best(2.0, 4, 2)


def test_log_of_a_killed_run_is_continued_where_its_state_is(tmp_path):
    """A kill loses the steps since the last save; the resumed run writes their lines once, not twice."""
    settings = LoopSettings(log_every=1, events=False)
    schedule = Schedule(6, 0.02, 5)
    run(tiny_model(), batch_of, schedule, tmp_path, settings=settings, until=2)
    state = (tmp_path / "state.npz").read_bytes()
    run(tiny_model(), batch_of, schedule, tmp_path, settings=settings, until=4)
    (tmp_path / "state.npz").write_bytes(state)
    run(tiny_model(), batch_of, schedule, tmp_path, settings=settings)
    with (tmp_path / LOG_FILE).open() as stream:
        assert [int(row["step"]) for row in csv.DictReader(stream)] == [1, 2, 3, 4, 5, 6]


def test_events_are_what_tensorboard_reads(tmp_path):
    run(tiny_model(), batch_of, Schedule(10, 0.02, 5), tmp_path, validation=validation())
    (file,) = (tmp_path / "events").iterdir()
    found = {}
    for record in tf.data.TFRecordDataset(str(file)):
        event = Event.FromString(record.numpy())
        for value in event.summary.value:
            assert value.metadata.plugin_data.plugin_name == "scalars"
            found[value.tag, event.step] = float(tf.make_ndarray(value.tensor))
    assert set(found) == {
        ("train/loss", 10),
        ("train/learning_rate", 10),
        ("validation/loss", 5),
        ("validation/loss", 10),
    }
    assert found["train/loss", 10] == pytest.approx(losses(tmp_path)[0], abs=1e-5)


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


@pytest.mark.parametrize("seconds", [7, 25, 59])
def test_a_kill_at_any_moment_loses_less_than_a_minute(tmp_path, monkeypatch, seconds):
    """The state is written before a step after which it would be too old; each step here takes `seconds`."""
    clock, unsaved = {"now": 0.0, "saved": 0.0}, []

    class Clock(Schedule):
        def at(self, step):
            clock["now"] += seconds
            unsaved.append(clock["now"] - clock["saved"])  # lost by a kill at the end of this step
            return super().at(step)

    monkeypatch.setattr(loop.time, "monotonic", lambda: clock["now"])
    monkeypatch.setattr(loop, "save_state", lambda *_: clock.update(saved=clock["now"]))
    run(tiny_model(), batch_of, Clock(20, 0.02, 5), tmp_path, settings=LoopSettings(log_every=100, events=False))
    assert len(unsaved) == 20
    assert max(unsaved) <= max(60, seconds)


def test_a_training_tells_how_far_it_is(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Announcer, "SECONDS", 0.0)
    run(tiny_model(), batch_of, Schedule(3, 0.02, 5), tmp_path / "fold0")
    said = capsys.readouterr().err.splitlines()
    assert [line.split(", ")[0] for line in said] == [f"fold0: step {step} of 3" for step in (1, 2, 3)]
    assert re.search(r", loss [\d.]+, [\d.e-]+ s a step, 0 minutes left$", said[-1])


def test_crash_loses_what_is_behind_the_saved_state_and_resumes_bit_for_bit(tmp_path):
    """A killed process saves nothing: training resumes from the state on disk, which is saved by time."""

    def killed(step):
        if step == 9:
            raise KeyboardInterrupt
        return batch_of(step)

    schedule = Schedule(STEPS, 0.02, 5)
    run(tiny_model(), batch_of, schedule, tmp_path / "through")
    with pytest.raises(KeyboardInterrupt):
        run(tiny_model(), killed, schedule, tmp_path / "killed", settings=LoopSettings(save_seconds=0.0))
    assert 0 < saved_step(tmp_path / "killed") <= 9
    assert run(tiny_model(), batch_of, schedule, tmp_path / "killed") == STEPS
    through, killed_weights = (load_weights(tmp_path / name / AVERAGE_FILE) for name in ("through", "killed"))
    for one, other in zip(through, killed_weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_folder_in_which_another_process_trains_is_refused(tmp_path):
    schedule, refused = Schedule(2, 0.02, 5), []

    def in_use(step):
        if not refused:
            with pytest.raises(ValueError, match="another process trains in") as caught:
                run(tiny_model(), batch_of, schedule, tmp_path)
            refused.append(caught)
        return batch_of(step)

    assert run(tiny_model(), in_use, schedule, tmp_path) == 2
    assert refused


def test_state_of_another_network_is_refused(tmp_path):
    run(tiny_model(), batch_of, Schedule(2, 0.02, 5), tmp_path)
    other = keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(1)])
    other.compile(keras.optimizers.AdamW(1e-2), "mse")
    with pytest.raises(ValueError, match="another network"):
        load_state(tmp_path, other, 0.98)


def test_every_epoch_sees_every_example_once():
    at = epoch_order(7, seed=1)
    epochs = [[at(p) for p in range(e * 7, (e + 1) * 7)] for e in range(3)]
    assert all(sorted(e) == list(range(7)) for e in epochs)
    assert epochs[0] != epochs[1]
