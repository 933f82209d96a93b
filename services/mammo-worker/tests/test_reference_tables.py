"""The thesis' tables 14 and 15, each setting and each scope trained a step; and networks folded for looking only."""

import keras
import numpy as np
import pytest

from mammo_worker.configs import reference, toy
from mammo_worker.nn.fold import fold
from mammo_worker.nn.mask_rcnn import MaskRCNN
from mammo_worker.training.network import build, set_scope
from mammo_worker.training.plan import Phase


@pytest.fixture
def film_batch():
    """One film with a malignant mass and its mask."""
    canvas = np.random.default_rng(0).integers(0, 60, (1, 128, 64, 2)).astype(np.uint8)
    canvas[0, 40:72, 16:40] = 220
    mask = np.zeros((1, 32, 16, 1), np.uint8)
    mask[0, 10:18, 4:10] = 1
    return {
        "canvas": canvas,
        "boxes": np.array([[[16, 40, 40, 72]]], np.float32),
        "labels": np.array([[2]], np.int32),
        "mask": mask,
        "has_mask": np.array([1], np.int32),
        "malignant": np.array([1], np.int32),
    }


TABLE_14 = ("original", "preprocessed", "preprocessed_ratio", "preprocessed_ratio_loss", "preprocessed_loss")
TABLE_15 = {
    "sequence_1": (32, "heads 4+ all"),
    "sequence_2": (16, "rpn mask backbone rpn mask backbone rpn mask backbone 4+ all"),
    "sequence_3": (16, "rpn mask rpn mask rpn mask 4+ all"),
    "sequence_4": (16, "mask rpn 4+ 4+ all all"),
    "sequence_5": (16, "rpn mask 4+ 4+ all all"),
    "sequence_6": (32, "mask rpn 4+ 4+ all all"),
    "sequence_7": (32, "rpn mask 4+ 4+ all all"),
}


@pytest.mark.parametrize("setting", TABLE_14)
def test_every_setting_of_table_14_trains_a_step(setting, film_batch, shallow):
    plan = getattr(reference, setting)(toy.anchor_network())
    with shallow():
        model = build(plan, Phase(1))
    model.run_eagerly = True
    before = [v.numpy() for v in model.trainable_variables]
    loss = model.train_on_batch(film_batch, return_dict=True)["loss"]
    assert np.isfinite(float(loss))
    moved = [(v.numpy() != b).any() for v, b in zip(model.trainable_variables, before, strict=True)]
    assert np.mean(moved) > 0.9


def test_sequences_of_table_15_are_those_of_the_thesis():
    for name, (smallest, scopes) in TABLE_15.items():
        plan = getattr(reference, name)()
        assert plan.network.proposals.scales == tuple(smallest * 2.0**i for i in range(5)), name
        assert " ".join(phase.scope for phase in plan.phases) == scopes, name


def test_every_scope_of_table_15_trains_a_step_of_its_part_alone(film_batch, eager):
    model = MaskRCNN(toy.anchor_network())
    parts = model.networks
    moved = {}
    for scope in ("rpn", "mask", "backbone", "heads", "4+", "all"):
        set_scope(model, scope)
        model.compile(keras.optimizers.SGD(1e-2), run_eagerly=True)
        model.jit_compile = False
        before = [part.get_weights() for part in parts]
        assert np.isfinite(float(model.train_on_batch(film_batch, return_dict=True)["loss"]))
        after = [part.get_weights() for part in parts]
        moved[scope] = [
            any((x != y).any() for x, y in zip(b, a, strict=True)) for b, a in zip(before, after, strict=True)
        ]
    assert moved["rpn"] == [False, True, True, False, False]
    assert moved["mask"] == [False, False, False, True, True]
    assert moved["backbone"] == [True, False, False, False, False]
    assert moved["heads"] == [False, True, True, True, True]
    assert moved["4+"] == moved["all"] == [True] * 5


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("network", [toy.network, toy.anchor_network])
def test_folded_network_says_the_same(network, precision, film_batch):
    model = MaskRCNN(network())
    chance = np.random.default_rng(0)
    for part in model.networks:
        for layer in part.layers:
            if isinstance(layer, keras.layers.BatchNormalization):  # as after training
                shape = layer.gamma.shape
                factors, shifts = (chance.uniform(0.7, 1.3, (2, *shape)), chance.normal(0, 0.1, (2, *shape)))
                layer.set_weights([factors[0], shifts[0], shifts[1], factors[1]])
    canvas = film_batch["canvas"]

    def levels_and_boxes(parts):
        levels = parts.trunk(canvas)
        said = parts.proposals(levels)
        return [keras.ops.convert_to_numpy(x) for x in (*levels, said.logits, said.boxes)]

    exact = levels_and_boxes(model.parts)
    model = fold(model, precision)
    kept = [x for x in model.parts.trunk.backbone.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert kept == []
    allowed = 1e-5 if precision == "float32" else 0.03
    for a, b in zip(exact, levels_and_boxes(model.parts), strict=True):
        assert b.dtype == a.dtype
        assert np.abs(a - b).max() < allowed * np.abs(a).max()
    assert np.isfinite(keras.ops.convert_to_numpy(model.detect(canvas)["masks"])).all()
