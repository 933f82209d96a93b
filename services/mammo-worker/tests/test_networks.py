"""Whole networks: shapes, pretrained weights, one step of training, saving and going on."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from lobule_ml.backbones import BACKBONES
from mammo_worker.configs import reference, toy
from mammo_worker.configs.names import PLANS
from mammo_worker.nn.config import AnchorStageConfig, BackboneConfig, TriageConfig
from mammo_worker.nn.mask_rcnn import MaskRCNN
from mammo_worker.training.network import set_scope
from mammo_worker.training.phases import phase_at
from mammo_worker.training.plan import Phase, TrainingPlan


def batch(size=(128, 64)):
    chance = np.random.default_rng(0)
    canvas = chance.integers(0, 60, (2, *size, 2)).astype(np.uint8)
    canvas[0, 40:72, 16:40] = 220
    boxes = np.zeros((2, 3, 4), np.float32)
    boxes[0, 0] = [16, 40, 40, 72]
    boxes[1, 0] = [20, 60, 40, 90]
    mask = np.zeros((2, size[0] // 4, size[1] // 4, 1), np.uint8)
    mask[0, 10:18, 4:10] = 1
    return {
        "canvas": canvas,
        "boxes": boxes,
        "labels": np.array([[2, 0, 0], [3, 0, 0]], np.int32),
        "mask": mask,
        "has_mask": np.array([1, 0], np.int32),
        "malignant": np.array([1, -1], np.int32),
    }


def thesis_network():
    """An RPN with E and L, and masks left out."""
    network = reference.with_setting(toy.anchor_network(), clahe=True, measure="overlap_ratio", box_loss="containment")
    return replace(network, mask=replace(network.mask, supervision="none"))


def supervised_network():
    """An RPN, full masks, and triage by label assignment."""
    network = toy.anchor_network()
    return replace(network, mask=replace(network.mask, supervision="full"), triage=TriageConfig("label_assignment"))


@pytest.mark.parametrize("network", [toy.network, supervised_network, thesis_network])
def test_training_lowers_the_loss(network, shallow):
    with shallow():
        model = MaskRCNN(network())
    model.compile(keras.optimizers.Adam(2e-3), run_eagerly=True)
    model.jit_compile = False
    logs = [model.train_on_batch(batch(), return_dict=True) for _ in range(4)]
    values = [float(entry["loss"]) for entry in logs]
    assert np.isfinite(values).all()
    assert min(values[-2:]) < values[0]


def test_detections_are_within_the_canvas_and_sorted():
    keras.utils.set_random_seed(0)
    model = MaskRCNN(toy.network())
    canvas = batch()["canvas"]
    out = {k: keras.ops.convert_to_numpy(v) for k, v in model.detect(canvas).items()}
    assert out["boxes"].shape == (2, 20, 4)
    assert out["masks"].shape == (2, 20, 28, 28)
    assert out["mil"].shape == (2, 8, 4)
    assert (out["boxes"] >= -1e-3).all()  # pixels, up to float32 rounding
    assert (out["boxes"] <= np.array([64, 128, 64, 128]) + 1e-3).all()
    assert (np.diff(out["score"], axis=1) <= 1e-6).all()


def test_config_round_trips_through_keras():
    model = MaskRCNN(toy.network())
    assert MaskRCNN.from_config(model.get_config()).config == model.config


@pytest.mark.parametrize("name", PLANS)
def test_every_named_plan_is_sound(name):
    plan = PLANS[name]()
    assert plan.steps > 0
    if isinstance(plan.network.proposals, AnchorStageConfig):
        assert len(plan.network.proposals.scales) == len(plan.network.pyramid.strides)
    assert all(side % 32 == 0 for phase in plan.phases for side in phase.canvas or plan.network.canvas)


def test_tables_differ_as_the_report_says():
    o, p = PLANS["table14-o"]().network, PLANS["table14-o+p"]().network
    assert (o.backbone.clahe, p.backbone.clahe) == (False, True)
    thesis = PLANS["table14-o+p+e+l"]().network
    assert thesis.rois.matcher.measure == "overlap_ratio"
    assert thesis.box.loss == thesis.proposals.box_loss == "containment"
    assert reference.with_setting(thesis, clahe=True) == p
    assert PLANS["table15-2"]().network.proposals.scales == (16.0, 32.0, 64.0, 128.0, 256.0)
    assert [phase.scope for phase in PLANS["table15-4"]().phases] == ["mask", "rpn", "4+", "4+", "all", "all"]


def test_scopes_train_what_they_name():
    model = MaskRCNN(toy.network())
    parts, networks = model.parts, model.networks

    def trained(scope):
        set_scope(model, scope)
        return [len(part.trainable_variables) > 0 for part in networks[:5]]

    assert trained("rpn") == [False, True, True, False, False]
    assert trained("mask") == [False, False, False, True, True]
    assert trained("heads") == [False, True, True, True, True]
    assert trained("backbone") == [True, False, False, False, False]
    top = len(parts.trunk.backbone.trainable_variables)
    assert trained("4+") == [True] * 5
    assert 0 < top == len(parts.trunk.backbone.trainable_variables) < len(parts.trunk.backbone.weights)


def test_plan_walks_its_phases():
    plan = TrainingPlan(toy.network(), (Phase(3), Phase(2, scope="heads")), warm_up=2)
    assert [phase_at(plan, i)[0] for i in range(5)] == [0, 0, 0, 1, 1]
    assert phase_at(plan, 5) is None


def test_trunk_in_half_the_bits_says_nearly_the_same():
    """Backbone and pyramid may compute in bfloat16 while training; everything that holds coordinates stays float32."""
    canvas = batch()["canvas"]
    full, half = MaskRCNN(toy.network()), MaskRCNN(toy.network(), "mixed_bfloat16")
    for rough, exact in zip(half.networks[:2], full.networks[:2], strict=True):
        rough.set_weights(exact.get_weights())
    for exact, rough in zip(full.parts.trunk(canvas), half.parts.trunk(canvas), strict=True):
        assert rough.dtype == exact.dtype
        exact, rough = (keras.ops.convert_to_numpy(x) for x in (exact, rough))
        assert np.abs(exact - rough).max() < 0.1 * np.abs(exact).max()
        assert np.abs(exact - rough).max() > 0
    assert keras.config.dtype_policy().name == "float32"


def test_a_backbone_is_known_once_it_is_registered(monkeypatch):
    with pytest.raises(ValueError, match="there is no backbone 'tomorrow'; choose one of"):
        BackboneConfig("tomorrow")
    monkeypatch.setitem(BACKBONES._all(), "tomorrow", BACKBONES["densenet121"])
    assert BackboneConfig("tomorrow").name == "tomorrow"
