"""A killed training resumes from its files, and its package equals that of an uninterrupted training."""

import kill_trainings
import numpy as np
import pytest

from histo_worker.training.cache import cached_rows

STEPS = 4


def test_package_of_a_killed_training_is_that_of_an_uninterrupted_one(tmp_path):
    through, killed = tmp_path / "through", tmp_path / "killed"
    labels = kill_trainings.draw_fields(tmp_path / "fields")
    for folder, kills in ((through, 0), (killed, 1)):
        process = kill_trainings.start(labels, folder, 0.0, STEPS)
        for _ in range(kills):
            kill_trainings.wait_for(kill_trainings.SAVED, process)
            kill_trainings.kill(process, folder, 0.0)
            assert not (folder / "package").exists()
            process = kill_trainings.start(labels, folder, 0.0, STEPS)
        process.communicate()
        assert process.returncode == 0
    assert kill_trainings.differing(through, killed) == []


def test_finished_parts_of_an_interrupted_computation_are_kept(tmp_path):
    """Features and scores take minutes; a kill loses only those of some fields."""
    seen = []

    def row(item, until=100):
        if item >= until:
            raise KeyboardInterrupt
        seen.append(item)
        return [np.array([item, 1.0]), np.array(item)]

    kept = tmp_path / "features.npz"
    with pytest.raises(KeyboardInterrupt):
        cached_rows(kept, range(100), lambda item: row(item, 50), "fields")
    assert not kept.exists()
    first, second = cached_rows(kept, range(100), row, "fields")
    assert seen == [*range(50), *range(32, 100)]
    assert first.tolist() == [[item, 1.0] for item in range(100)]
    assert second.tolist() == list(range(100))
    assert [path.name for path in tmp_path.iterdir()] == ["features.npz"]
    assert cached_rows(kept, range(100), row, "fields")[1].tolist() == second.tolist()
    assert len(seen) == 118  # nothing is computed twice
    assert cached_rows(None, range(3), row, "fields")[1].tolist() == [0, 1, 2]
