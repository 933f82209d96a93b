"""The pretrained weights of a region classifier: a run and its cached views are those of one file."""

import json
from pathlib import Path

import numpy as np
import pytest

from mammo_worker.regions import train
from mammo_worker.regions.crops import Crop
from mammo_worker.regions.plan import RegionPlan
from mammo_worker.regions.views import Views


@pytest.fixture
def crops(tmp_path):
    (tmp_path / "a.png").write_bytes(b"a picture")
    return [Crop(tmp_path / "a.png", "mass", "P1", "mass P1", "CC", True, (50, 50), np.zeros(2), np.zeros(2))]


def test_run_goes_on_with_the_weights_that_it_started_from(crops, tmp_path, monkeypatch):
    def built(*_):
        raise InterruptedError

    monkeypatch.setattr(train, "build", built)
    monkeypatch.setattr(train, "starting_weights", lambda _, weights: f"{weights} 12ab")
    for weights, error in (("one", InterruptedError), ("one", InterruptedError), ("other", ValueError)):
        with pytest.raises(error):
            train.train_fold(RegionPlan(), crops, None, tmp_path / "run", Path(weights), cache=tmp_path / "views")


def test_views_are_not_shared_between_weights(crops, tmp_path):
    folder = tmp_path / "views"
    Views(folder, RegionPlan(), crops, "one 12ab")
    Views(folder, RegionPlan(), crops, "one 12ab")
    for plan, weights in ((RegionPlan(), "other 34cd"), (RegionPlan(precision="mixed_bfloat16"), "one 12ab")):
        with pytest.raises(ValueError, match="another configuration"):
            Views(folder, plan, crops, weights)
    record = json.loads((folder / "views.json").read_text())
    earlier = {name: value for name, value in record.items() if name not in ("precision", "starts_from")}
    (folder / "views.json").write_text(json.dumps(earlier))
    Views(folder, RegionPlan(), crops, "other 34cd")
