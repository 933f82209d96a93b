import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from histo_worker.configs import densenet121_deviation, reference_small
from histo_worker.data.breakhis import Field
from histo_worker.evaluation.calibration import fit_platt
from histo_worker.models.reference_resnet import ReferenceResNet
from histo_worker.training.balance import balanced_weights
from histo_worker.training.frozen_head import fit_head
from histo_worker.training.linear_head import fit_linear_head
from histo_worker.training.trainer import MODERN_RECIPE, REFERENCE_RECIPE, train_network


def tiny():
    return ReferenceResNet(size=32, stem_kernel=3, stem_stride=2, width=8, blocks=(1, 1)).build()


def coloured_batch(step):
    """Patches whose class is their colour, which is learnable in a few steps."""
    rng = np.random.default_rng((0, step))
    target = rng.integers(0, 2, 16).astype(np.float32)
    patches = rng.normal(0, 0.2, (16, 32, 32, 3)).astype(np.float32)
    patches[:, :, :, 0] += target[:, None, None]
    return patches, target


@pytest.mark.parametrize("recipe", [replace(REFERENCE_RECIPE, rate=0.02), replace(MODERN_RECIPE, rate=3e-3, ema=0.9)])
def test_the_loss_falls_and_is_logged(recipe, tmp_path):
    assert train_network(tiny(), coloured_batch, replace(recipe, steps=40), tmp_path)
    with (tmp_path / "log.csv").open() as stream:
        losses = [float(row["loss"]) for row in csv.DictReader(stream)]
    assert len(losses) == 4
    assert losses[-1] < 0.7 * losses[0]


def test_the_schedule_of_the_thesis():
    rate = REFERENCE_RECIPE.schedule()
    assert [rate.at(step) for step in (0, 499, 1000, 2999)] == [0.001, 0.001, 0.0005, 0.00025]


def test_small_config_is_the_best_variant():
    config = reference_small.plan()
    assert (config.variant, config.size, config.operation) == ("best", 64, "clahe")


def test_taking_patients_out_finds_the_common_direction():
    """Patients differ strongly along one axis, classes a little along another; the head must use the second one."""
    rng = np.random.default_rng(0)
    patients = [str(p) for p in np.repeat(np.arange(8), 12)]
    target = np.repeat(np.arange(8) % 2, 12)
    offsets = np.repeat(rng.normal(0, 5, 8) + np.arange(8) % 2 * 4, 12)
    features = np.c_[offsets + rng.normal(0, 0.1, 96), target + rng.normal(0, 1.0, 96)]
    leans = [abs(h.weights[1]) / abs(h.weights[0] * 5) for h in
             (fit_linear_head(features, target, patients, 1.0, s) for s in (0.0, 100.0))]  # fmt: skip
    assert leans[1] > leans[0]


def _fields(counts):
    """Fields of two patients of each class, by counts of benign and malignant ones at each magnification."""
    return [
        Field(
            name=f"{label}{i}",
            label=label,
            tumor_type="",
            slide="",
            patient=f"{label}{i % 2}",
            magnification=magnification,
            sequence=i,
            path=Path(f"{i}.png"),
        )
        for magnification, both in counts.items()
        for label, count in zip(("benign", "malignant"), both, strict=True)
        for i in range(count)
    ]


def test_classes_count_alike_at_each_magnification():
    fields = _fields({"100X": (4, 4), "200X": (2, 16), "400X": (6, 6), "40X": (0, 8)})
    weights = balanced_weights(fields)
    total = {
        key: sum(w for w, f in zip(weights, fields, strict=True) if (f.magnification, f.label) == key)
        for key in {(f.magnification, f.label) for f in fields}
    }
    for magnification, share in (("100X", 1.0), ("200X", 1.0), ("400X", 0.2)):
        for label in ("benign", "malignant"):
            assert total[magnification, label] == pytest.approx(share * total["100X", "benign"])
    assert total["40X", "malignant"] == 0
    assert weights.mean() == pytest.approx(1)
    with pytest.raises(ValueError, match="by_magnification=False"):
        balanced_weights(_fields({"100X": (4, 0), "200X": (0, 4)}))


def test_a_head_that_learns_by_magnification_does_not_learn_the_magnification():
    """A feature that tells the magnification alone, where most malignant fields are at one of the two."""
    fields = _fields({"100X": (40, 10), "200X": (10, 40)})
    features = np.array([[float(f.magnification == "200X")] for f in fields])
    config = replace(densenet121_deviation.plan(), shrinkage=0.0, c=1.0)
    slopes = [fit_head(replace(config, by_magnification=by), fields, features).weights[0] for by in (False, True)]
    assert slopes[0] > 1
    assert abs(slopes[1]) < 0.01


def test_calibration_of_a_score_that_points_the_wrong_way_says_nothing():
    target = np.array([0, 1] * 20)
    patients = [str(i // 2 % 5) + str(t) for i, t in enumerate(target)]
    calibration = fit_platt(-(target * 2.0 - 1), target, patients)
    assert calibration.slope == 0
    np.testing.assert_allclose(calibration(np.array([-3.0, 3.0])), 0.5, atol=0.35)
