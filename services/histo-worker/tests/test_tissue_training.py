"""Training the tissue network over laboratories: samples, batches, folds, package."""

from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from histo_worker.data.source import read_source
from histo_worker.evaluation.calibration import PlattCalibration
from histo_worker.gate.features import gate_features
from histo_worker.tissue.network import SIDE, tissue_network
from histo_worker.tissue.reader import TissueReader
from histo_worker.tissue.statistics import square_statistics
from histo_worker.tissue_training import learning
from histo_worker.tissue_training import samples as samples_module
from histo_worker.tissue_training.batches import TissueBatches
from histo_worker.tissue_training.coarse import StatisticsModel, coarse_head, fit_coarse
from histo_worker.tissue_training.commands import app
from histo_worker.tissue_training.label_free import label_free_numbers
from histo_worker.tissue_training.learning import TissueConfig, fold_of, score, squares_of, train_tissue
from histo_worker.tissue_training.package import best_mark, refit_tissue_package, write_tissue_package
from histo_worker.tissue_training.samples import Sample, read_samples
from histo_worker.training.trained import TrainingStopped
from lobule_ml.training.state import saved_step


def sample(laboratory: str, source: str, patient: int, target: int, size=(70, 90)) -> Sample:
    rng = np.random.default_rng((patient, target))
    base = np.array([200, 130, 190]) - 60 * target
    pixels = np.clip(base + rng.normal(0, 25, (*size, 3)), 0, 255).astype(np.uint8)
    name, scale = f"{source}-{patient}-{target}", 4.0 if laboratory == "idc" else 0.48
    return Sample(laboratory, source, str(patient), target, name, pixels, gate_features(pixels), scale)


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    idc = [sample("idc", "idc", p, t, (67, 67)) for p in range(6) for t in (0, 1)]
    return idc + [sample("breakhis", "breakhis 100X", p, p % 2) for p in range(6)]


def test_a_batch_is_a_function_of_its_step(samples):
    patches, targets = TissueBatches(samples, batch=16)(3)
    again, same = TissueBatches(samples, batch=16)(3)
    assert patches.shape == (16, SIDE, SIDE, 3)
    assert patches.min() >= 0
    assert patches.max() <= 255
    np.testing.assert_array_equal(patches, again)
    np.testing.assert_array_equal(targets, same)
    assert len(set(targets.tolist())) == 2
    assert not np.array_equal(patches, TissueBatches(samples, batch=16)(4)[0])


def test_no_patient_is_in_two_folds(samples):
    fold = fold_of(samples, 2, 0)
    places = {}
    for s, f in zip(samples, fold, strict=True):
        places.setdefault((s.laboratory, s.patient), set()).add(int(f))
    assert all(len(p) == 1 for p in places.values())
    assert set(fold.tolist()) == {0, 1}


def test_a_stopped_training_goes_on_but_not_on_other_samples(samples, tmp_path, eager):
    config = TissueConfig(steps=2, batch=4, frozen=0)
    with pytest.raises(TrainingStopped, match="after 1 of 2 steps"):
        train_tissue(samples, tmp_path, None, config, until=1)
    with pytest.raises(ValueError, match="data_sha256"):
        train_tissue(samples[2:], tmp_path, None, config)
    assert np.isfinite(score(train_tissue(samples, tmp_path, None, config), samples)).all()
    assert saved_step(tmp_path) == 2


def test_the_folds_of_every_seed_are_measured(samples, tmp_path, monkeypatch):
    trained, net = [], tissue_network()

    def train(learned, folder, *_):
        trained.append((folder.relative_to(tmp_path).as_posix(), len({(s.laboratory, s.patient) for s in learned})))
        return net

    monkeypatch.setattr(learning, "train_tissue", train)
    monkeypatch.setattr(samples_module, "read_samples", lambda *_: samples)
    options = ["evaluate", "--data", "x", "--weights", "x", "--run", str(tmp_path), "--folds", "3"]
    done = CliRunner().invoke(app, [*options, "--seed", "0", "--seed", "4"])
    assert done.exit_code == 0, done.output
    assert trained == [(f"seed{seed}/fold{fold}", 8) for seed in (0, 4) for fold in range(3)]
    assert done.output.count("idc: image_auc") == done.output.count("breakhis 100X: image_auc") == 2, done.output


def test_the_mark_serves_patients_and_not_patches():
    """One patient has most patches and scores too low; the mark follows the three others."""
    many = [sample("idc", "idc", 0, t, (67, 67)) for t in (0, 1) for _ in range(40)]
    few = [sample("idc", "idc", p, t, (67, 67)) for p in (1, 2, 3) for t in (0, 1)]
    healthy = [sample("idc", "idc", 4, 0, (67, 67))]
    low, high = [0.1] * 40 + [0.3] * 40, [0.5, 0.8] * 3
    assert 0.5 < best_mark([*many, *few, *healthy], np.array([*low, *high, 0.9])) <= 0.8


def test_a_package_reads_as_the_network_that_it_was_written_from(samples, tmp_path):
    net = tissue_network()
    head = net.get_layer("evidence_C4")
    head.set_weights([np.random.default_rng(0).normal(0, 0.1, w.shape) for w in head.get_weights()])
    scores, config = score(net, samples), TissueConfig(folds=2)
    with pytest.raises(ValueError, match="train for more steps"):
        write_tissue_package(net, samples, np.array([-s.target for s in samples], np.float64), tmp_path, config, "none")
    told = np.array([s.target for s in samples]) + np.random.default_rng(1).normal(0, 0.5, len(samples))
    manifest = write_tissue_package(net, samples, told, tmp_path, config, "none")
    assert {m.magnification for m in manifest.metrics} == {"idc", "breakhis 100X"}
    reader = TissueReader(tmp_path)
    statistics = square_statistics(squares_of(samples[:1])[0])
    together, _ = reader._coarse(scores[:1], np.zeros((1, 4, 4), np.float32), statistics)
    assert reader.read(samples[0].pixels, 3.0).probabilities == pytest.approx(reader._calibrated(together), abs=0.01)
    squares = np.stack([samples[0].pixels[1:65, 1:65]])
    logits, _ = reader.outputs(squares)
    expected = net.predict_on_batch(squares.astype(np.float32))["logit"]
    np.testing.assert_allclose(logits, expected, atol=0.02)  # kernels are kept in half precision
    reading = reader.read(samples[-1].pixels, 3.0)
    assert 0 <= reading.probabilities.max() <= 1
    assert 0 <= reading.unlike_training <= 1
    anew = refit_tissue_package(reader.package, samples[2:], told[2:], tmp_path / "anew", config)
    assert (anew.name, anew.trained_on) == (manifest.name, manifest.trained_on)
    assert anew.weights_sha256 != manifest.weights_sha256
    np.testing.assert_array_equal(TissueReader(tmp_path / "anew").outputs(squares)[0], logits)


def test_what_is_added_for_coarse_fields_keeps_the_calibration():
    rng = np.random.default_rng(0)
    model = StatisticsModel(rng.normal(size=67), 0.3)
    network, together = PlattCalibration(1.1, -0.5), PlattCalibration(0.8, 0.2)
    logits, statistics = rng.normal(size=5).astype(np.float32), rng.normal(size=(5, 67)).astype(np.float32)
    evidence = logits[:, None, None] + rng.normal(size=(5, 4, 4)).astype(np.float32)
    evidence += (logits - evidence.mean(axis=(1, 2)))[:, None, None]
    found, mapped = coarse_head(model, network, together)(logits, evidence, statistics)
    added = 0.5 * (statistics @ model.weights + model.bias)
    np.testing.assert_allclose(network(found), together(logits + added), atol=1e-5)
    np.testing.assert_allclose(mapped.mean(axis=(1, 2)), found, atol=1e-4)


def test_statistics_are_added_to_coarse_fields_alone(samples, monkeypatch):
    reader, asked = TissueReader(), []

    def head(logits, evidence, statistics):
        asked.append(len(statistics))
        return logits, evidence

    monkeypatch.setattr(reader, "_coarse", head)
    reader.read(samples[0].pixels, 2.9)
    assert not asked
    reader.read(samples[0].pixels, 4.0)
    assert sum(asked) > 0


def test_what_is_added_to_a_patch_does_not_learn_from_its_patient(samples):
    config = TissueConfig(folds=2)
    _, added = fit_coarse(samples, config)
    assert [bool(a) for a in added] == [s.laboratory == "idc" for s in samples]
    turned = [replace(s, target=1 - s.target) if s.patient == "0" else s for s in samples]
    fold = fold_of(samples, 2, 0)
    same = np.array([s.laboratory == "idc" and f == fold[0] for s, f in zip(samples, fold, strict=True)])
    _, again = fit_coarse(turned, config)
    np.testing.assert_array_equal(again[same], added[same])
    assert not np.array_equal(again, added)


def test_numbers_without_training_rise_with_haematoxylin(samples):
    patches = [s for s in samples if s.laboratory == "idc"]
    numbers = label_free_numbers(patches)
    assert len(numbers) == 3
    assert all(np.isfinite(values).all() for values in numbers.values())
    target = np.array([bool(s.target) for s in patches])
    assert numbers["haematoxylin"][target].min() > numbers["haematoxylin"][~target].max()


def test_real_sources_come_at_one_scale(data_folder):
    folder = data_folder / "breakhis_more"
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    found = read_source(folder).fields
    squashed = next(f for f in found if type(f).__name__ == "SquashedField")
    assert squashed.pixels().shape == (460, 700, 3)
    first, *others = sorted({field.patient for field in read_source(data_folder / "idc").fields})
    patches = read_samples([data_folder / "idc"], without=others)
    assert {s.patient for s in patches} == {first}
    assert {s.pixels.shape for s in patches} == {(67, 67, 3)}
    assert {s.source for s in patches} == {"idc"}
