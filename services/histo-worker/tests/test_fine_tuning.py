"""The fine-tuned head at toy size: what is trained, what is drawn, stopping and resuming."""

import csv
import json
import shutil
import weakref
from dataclasses import replace

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from histo_worker.cli import app
from histo_worker.configs import CONFIGS
from histo_worker.data.source import read_sources
from histo_worker.preprocessing.dyes import draw_dyes
from histo_worker.preprocessing.laboratories import Laboratory
from histo_worker.training import changed_patches
from histo_worker.training.changed_patches import ChangedPatches, Changes
from histo_worker.training.config import HistologyConfig
from histo_worker.training.frozen_head import assemble
from histo_worker.training.linear_head import LinearHead
from histo_worker.training.trainer import train_network
from lobule_ml.backbones import BACKBONES
from lobule_ml.training.configuration import load_plan
from lobule_ml.training.loop import LOG_FILE
from lobule_ml.variables import get_variables

TOY = ["folds=2", "seeds=(0,)", "reader.size=32", "reader.window=256", "recipe.steps=4", "recipe.batch=4"]


@pytest.fixture(scope="module")
def some(fields):
    """Two patients of each class with two fields each."""
    chosen = []
    for label in ("benign", "malignant"):
        at = [f for f in fields if f.label == label and f.magnification == "100X"]
        for patient in sorted({f.patient for f in at})[:2]:
            chosen += [f for f in at if f.patient == patient][:2]
    return chosen


@pytest.fixture(scope="module")
def plan():
    return load_plan("densenet121_redyed", HistologyConfig, CONFIGS, TOY)


@pytest.fixture
def data(tmp_path, some):
    folder = tmp_path / "data"
    folder.mkdir()
    for field in some:
        cv2.imwrite(str(folder / f"{field.name}.png"), field.pixels()[:300, :400, ::-1])
    return folder


def train(data, tmp_path, weights, *more):
    words = ["train", "densenet121_redyed", "--data", data, "--output", tmp_path / "package", "--run", tmp_path / "run"]
    words += ["--weights", weights, *(word for change in TOY for word in ("--set", change)), *more]
    return CliRunner().invoke(app, [str(word) for word in words])


def test_it_stops_resumes_and_trains_the_last_stage_alone(data, tmp_path, toy_weights, plan, eager):
    stopped = train(data, tmp_path, toy_weights, "--until", 2)
    assert stopped.exit_code == 1
    assert "after 2 of 4 steps" in stopped.output
    done = train(data, tmp_path, toy_weights)
    assert done.exit_code == 0, done.output
    assert len(list((tmp_path / "run" / "features").iterdir())) == 1  # none of the turned windows, which it cuts itself
    manifest = json.loads((tmp_path / "package" / "model.json").read_text())
    assert manifest["architecture"]["name"] == "patch_classifier"
    with np.load(tmp_path / "package" / manifest["weights_file"]) as trained:
        after = {key: trained[key].astype(np.float32) for key in trained.files}
    before = get_variables(assemble(plan, LinearHead(np.zeros(_features(plan, toy_weights)), 0.0), toy_weights))
    changed = {key for key, value in before.items() if not np.allclose(after[key], value, atol=1e-6)}
    trained_layers = {key.split("/")[0] for key in changed}
    assert any(layer.startswith("conv3_") for layer in trained_layers)
    assert all(layer.startswith(("conv3_", "evidence_")) and not layer.endswith("_bn") for layer in trained_layers)


def test_other_weights_are_another_run(data, tmp_path, toy_weights, plan, eager):
    assert "after 1 of 4 steps" in train(data, tmp_path, toy_weights, "--until", 1).output
    archive = BACKBONES[plan.backbone].archive
    (tmp_path / "weights" / archive).parent.mkdir(parents=True)
    with np.load(toy_weights / archive) as arrays:
        np.savez(tmp_path / "weights" / archive, **{name: arrays[name] * 2 for name in arrays.files})
    refused = train(data, tmp_path, tmp_path / "weights", "--until", 1)
    assert refused.exit_code == 1
    assert "differs in starts_from" in refused.output.replace("\n", " ")


def test_the_loss_falls(some, tmp_path, toy_weights, plan, eager):
    calm = Changes(Laboratory(stretch=1.0, dyes=0.0, hue=0.0, light=0.0), replaced=0.0)
    recipe = replace(plan.recipe, steps=40, rate=3e-3, batch=8)
    net = assemble(plan, LinearHead(np.zeros(_features(plan, toy_weights)), 0.0), toy_weights)
    train_network(net, ChangedPatches([some[0], some[-1]], plan.reader, calm, 8), recipe, tmp_path)
    with (tmp_path / LOG_FILE).open() as stream:
        losses = [float(row["loss"]) for row in csv.DictReader(stream)]
    assert losses[-1] < 0.8 * losses[0]


def _features(plan, weights):
    """Number of features that the toy network's head reads."""
    from histo_worker.models.taps import pretrained_trunk

    trunk = pretrained_trunk(plan.backbone, plan.taps, weights)
    return sum(int(trunk.output[tap].shape[-1]) for tap in plan.taps)


@pytest.mark.parametrize(
    ("change", "said"),
    [("final=ensemble", "set final=all"), ("frozen_stages=-1", "frozen_stages is -1"), ("frozen_stages=9", "is 9")],
)
def test_what_cannot_be_trained_is_refused_before_anything_is_read(data, tmp_path, toy_weights, change, said):
    refused = train(data, tmp_path, toy_weights, "--set", change)
    assert refused.exit_code == 1
    assert said in refused.output
    assert not (tmp_path / "run").exists()


def test_fields_without_a_magnification_are_refused(data, tmp_path, toy_weights):
    labels = tmp_path / "labels.csv"
    rows = [
        f"{path},{'malignant' if '_M_' in path.name else 'benign'},{i // 2}"
        for i, path in enumerate(sorted(data.iterdir()))
    ]
    labels.write_text("file,label,patient\n" + "\n".join(rows))
    refused = train(labels, tmp_path, toy_weights)
    assert refused.exit_code == 1
    assert "no field has one of the magnifications 40X, 100X, 200X, 400X" in refused.output.replace("\n", " ")


def test_a_batch_depends_on_its_step_alone(some, plan):
    first, again = (ChangedPatches(some, plan.reader, plan.changes, 8, seed=1) for _ in range(2))
    patches, target = first(3)
    np.testing.assert_array_equal(again(3)[0], patches)
    assert not np.array_equal(first(4)[0], patches)
    assert patches.shape == (8, 32, 32, 3)
    assert 0 <= patches.min() < 100 < patches.max() <= 255
    assert set(target.astype(float).round(3).tolist()) <= {0.025, 0.975}


def test_fields_are_kept_in_memory_up_to_a_limit(some, plan, monkeypatch):
    sizes = [field.pixels().nbytes for field in some[:2]]
    monkeypatch.setattr(changed_patches, "_KEPT_BYTES", sum(sizes) + 1)
    limited = ChangedPatches(some, plan.reader, plan.changes, 8)
    monkeypatch.undo()
    usual = ChangedPatches(some, plan.reader, plan.changes, 8)
    for step in range(3):
        np.testing.assert_array_equal(limited(step)[0], usual(step)[0])
    assert 0 < sum(pixels.nbytes for pixels in limited._pixels.values()) <= sum(sizes) + 1
    released = weakref.ref(limited)
    del limited
    assert released() is None  # without a search for garbage: the next fold keeps fields of its own


def test_classes_and_patients_are_drawn_alike(some, plan):
    """Six of the eight fields are malignant here, and five of these are of one patient."""
    benign, malignant = ([f for f in some if f.label == label] for label in ("benign", "malignant"))
    patches = ChangedPatches([benign[0], benign[2], *malignant[:2] * 3, malignant[2]], plan.reader, plan.changes, 1)
    drawn = [patches._draw(np.random.default_rng(seed)) for seed in range(400)]
    assert 0.4 < np.mean([f.target for f in drawn]) < 0.6
    assert 0.4 < np.mean([f.patient == malignant[2].patient for f in drawn if f.target]) < 0.6


def test_drawn_dyes_are_two_dyes():
    for seed in range(50):
        stains, maxima = draw_dyes(np.random.default_rng(seed))
        np.testing.assert_allclose(np.linalg.norm(stains, axis=1), 1)
        assert stains[0, 0] >= stains[1, 0]
        assert (maxima > 0).all()


class TestSources:
    def test_a_field_in_two_data_sets_counts_once(self, data):
        assert len(read_sources([data, data]).fields) == 8

    @pytest.mark.parametrize("others", ["label", "picture", "name"])
    def test_what_may_be_another_field_or_patient_is_refused(self, tmp_path, data, others):
        """Two hospitals that number their files, and a picture that both name."""
        first, second, *_ = sorted(data.iterdir())
        for hospital in "ab":
            is_other = hospital == "b"
            label = "malignant" if is_other and others == "label" else "benign"
            name = "2.png" if is_other and others == "name" else "1.png"
            patient = "2" if is_other and others == "name" else "1"
            (tmp_path / hospital).mkdir()
            shutil.copy(second if is_other and others == "picture" else first, tmp_path / hospital / name)
            (tmp_path / hospital / "labels.csv").write_text(f"file,label,patient\n{name},{label},{patient}\n")
        said = "the same picture" if others == "name" else "two fields have the name 1.png"
        with pytest.raises(ValueError, match=said):
            read_sources([tmp_path / hospital / "labels.csv" for hospital in "ab"])
