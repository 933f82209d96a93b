"""The detector's networked parts, each alone: trunk, first stages, RoIs, box, mask and triage heads."""

import keras
import numpy as np
import pytest
from keras import ops

from mammo_worker.nn.anchor_stage import AnchorStage
from mammo_worker.nn.box_head import BoxHead
from mammo_worker.nn.centre_stage import CentreStage
from mammo_worker.nn.config import (
    AnchorStageConfig,
    BackboneConfig,
    BoxHeadConfig,
    CentreStageConfig,
    DetectionConfig,
    MaskHeadConfig,
    PyramidConfig,
    SelectionConfig,
    TriageConfig,
)
from mammo_worker.nn.detections import FindingSelector
from mammo_worker.nn.mask_head import MaskHead, WeakMaskHead, build_mask_head
from mammo_worker.nn.roi import RoiPooler
from mammo_worker.nn.triage import TriageHead
from mammo_worker.nn.trunk import Trunk, three_channels

CANVAS, STRIDES, CHANNELS = (64, 32), (8, 16), 4
POOLER = RoiPooler(STRIDES, sampling=1)
TRUTH = np.array([[[8.0, 8, 24, 40], [0, 0, 0, 0]]], np.float32)
LABELS = np.array([[2, 0]], np.int32)


def levels(films=1):
    chance = np.random.default_rng(0)
    return [ops.convert_to_tensor(chance.normal(size=(films, 64 // s, 32 // s, CHANNELS)), "float32") for s in STRIDES]


def seed():
    return keras.random.SeedGenerator(1)


def stage(kind):
    selection = SelectionConfig(kept=6, kept_train=9)
    if kind == "anchors":
        config = AnchorStageConfig(scales=(16.0, 32.0), samples=8, selection=selection)
        return AnchorStage(config, CANVAS, STRIDES, CHANNELS)
    return CentreStage(CentreStageConfig(selection=selection), CANVAS, STRIDES, CHANNELS)


def test_trunk_gives_a_level_for_each_stride():
    trunk = Trunk.build(BackboneConfig("efficientnet_lite0"), PyramidConfig(8, (8, 16, 32, 64)))
    found = trunk(np.zeros((2, 128, 64, 2), np.uint8))
    assert [tuple(x.shape) for x in found] == [(2, 16, 8, 8), (2, 8, 4, 8), (2, 4, 2, 8), (2, 2, 1, 8)]


def test_backbone_sees_clahe_only_where_it_is_asked_for():
    canvas = np.zeros((1, 1, 1, 2), np.uint8)
    canvas[..., 0], canvas[..., 1] = 40, 90
    assert np.ravel(three_channels(canvas, True)).tolist() == [40, 90, 90]
    assert np.ravel(three_channels(canvas, False)).tolist() == [40, 40, 40]


@pytest.mark.parametrize(("kind", "boxes"), [("anchors", (8 * 4 + 4 * 2) * 3), ("centre", 8 * 4)])
def test_first_stages_have_one_interface(kind, boxes):
    first = stage(kind)
    said = first(levels(2))
    assert tuple(said.logits.shape) == (2, boxes)
    assert tuple(said.boxes.shape) == tuple(said.raw.shape) == (2, boxes, 4)
    for training, kept in ((False, 6), (True, 9)):
        proposals, objectness = first.proposals(said, training=training)
        assert tuple(proposals.shape) == (2, kept, 4)
        assert (np.diff(ops.convert_to_numpy(objectness), axis=1) <= 0).all()
    truth = np.concatenate([TRUTH, TRUTH])
    score, box = first.losses(said, truth, np.concatenate([LABELS, LABELS]), seed())
    assert float(score) > 0
    assert float(box) > 0


def test_first_stage_says_how_far_its_objectness_counts():
    mass, objectness = np.array([[0.81, 0.81]], np.float32), np.array([[0.25, 0.0]], np.float32)
    assert np.ravel(stage("anchors").score(mass, objectness)) == pytest.approx([0.81, 0])
    assert np.ravel(stage("centre").score(mass, objectness)) == pytest.approx([0.45, 0])


@pytest.mark.parametrize("kind", ["anchors", "centre"])
def test_perfect_first_stage_has_less_loss(kind):
    first = stage(kind)
    said = first(levels())
    poor = [float(x) for x in first.losses(said, TRUTH, LABELS, seed())]
    if kind == "anchors":
        match = first.matcher(first.anchors[None], TRUTH, LABELS)
        logits = ops.where(match.positive, 9.0, -9.0)
        raw = first.coder.encode(np.broadcast_to(TRUTH[:, :1], (1, len(first.anchors), 4)), first.anchors)
    else:
        home = (np.abs(first.points - [16, 24]) <= 4).all(axis=1)
        logits, raw = ops.convert_to_tensor(np.where(home, 9.0, -9.0)[None], "float32"), said.raw
    boxes = ops.convert_to_tensor(np.broadcast_to(TRUTH[:, :1], said.boxes.shape))
    good = [float(x) for x in first.losses(said._replace(logits=logits, raw=raw, boxes=boxes), TRUTH, LABELS, seed())]
    assert good[0] < poor[0]
    assert good[1] < 1e-3 < poor[1]


def test_pooler_passes_over_levels_that_serve_proposals_only():
    rois = np.array([[[0.0, 0, 32, 64]]], np.float32)
    fine = [np.ones((1, 8, 4, 2), np.float32), np.full((1, 1, 1, 2), 7, np.float32)]
    pooled = ops.convert_to_numpy(RoiPooler((8, 64), 1)(fine, rois, 3))
    assert pooled.shape == (1, 3, 3, 2)
    assert (pooled == 1).all()


def test_box_head_classifies_and_moves_every_roi():
    head = BoxHead.build(BoxHeadConfig(units=8), CHANNELS, POOLER, CANVAS)
    logits, deltas = head(levels(2), np.concatenate([TRUTH, TRUTH]))
    assert tuple(logits.shape) == (2, 2, 3)
    assert tuple(deltas.shape) == (2, 2, 4)
    far = ops.convert_to_numpy(head.refined(TRUTH, np.full((1, 2, 4), 30, np.float32)))
    assert far[..., 2:].max(axis=(0, 1)).tolist() == [32, 64]


def test_box_head_learns_class_and_box():
    head = BoxHead.build(BoxHeadConfig(units=8), CHANNELS, POOLER, CANVAS)
    drawn = {"rois": TRUTH + 2, "label": LABELS, "truth": TRUTH, "weight": np.ones((1, 2), np.float32)}
    drawn["positive"] = np.array([[1, 0]], np.float32)
    right = np.array([[[-9, -9, 9], [9, -9, -9]]], np.float32)
    exact = head.coder.encode(drawn["truth"], drawn["rois"])
    assert [float(x) for x in head.losses(right, exact, drawn)] == pytest.approx([0, 0], abs=1e-3)
    wrong = [float(x) for x in head.losses(-right, exact + 1, drawn)]
    assert wrong[0] > 9
    assert wrong[1] > 1


def mask_films(has_mask):
    mask = np.zeros((1, 16, 8, 1), np.uint8)
    mask[0, 2:10, 2:6] = 1
    return {"mask": mask * has_mask, "has_mask": np.array([has_mask], np.int32)}


@pytest.mark.parametrize(("supervision", "kind"), [("full", MaskHead), ("weak", WeakMaskHead), ("none", MaskHead)])
def test_mask_head_is_chosen_by_its_supervision(supervision, kind):
    head = build_mask_head(MaskHeadConfig(supervision, pool=4, convs=1, channels=4), CHANNELS, POOLER)
    assert type(head) is kind
    assert head.is_trained is (supervision != "none")
    assert tuple(head(levels(), TRUTH).shape) == (1, 2, 8, 8)


def test_only_weak_masks_learn_from_films_without_masks():
    rois, positive = TRUTH[:, :1], np.ones((1, 1), np.float32)
    whole, empty = np.full((1, 1, 8, 8), 9, np.float32), np.full((1, 1, 8, 8), -9, np.float32)
    heads = [
        build_mask_head(MaskHeadConfig(s, pool=4, convs=1, channels=4), CHANNELS, POOLER) for s in ("full", "weak")
    ]
    full, weak = heads
    for head in heads:
        with_mask = [float(head.loss(m, rois, rois, positive, mask_films(1))) for m in (whole, empty)]
        assert with_mask[0] < 0.01 < 5 < with_mask[1]
    assert float(full.loss(empty, rois, rois, positive, mask_films(0))) == 0
    assert float(weak.loss(whole, rois, rois, positive, mask_films(0))) < 0.01
    assert float(weak.loss(empty, rois, rois, positive, mask_films(0))) > 1


def test_triage_reads_its_level_and_passes_over_films_of_unknown_label():
    head = TriageHead.build(TriageConfig(), STRIDES, CHANNELS)
    logits = head(levels(2))
    assert tuple(logits.shape) == (2, 4, 2)
    known = float(head.loss(logits[:1], np.array([1], np.int32)))
    assert float(head.loss(logits, np.array([1, -1], np.int32))) == pytest.approx(known)
    with pytest.raises(ValueError, match="16"):
        TriageHead.build(TriageConfig(), (8, 32), CHANNELS)


def test_findings_are_the_best_boxes_that_do_not_overlap():
    boxes = np.array([[[0, 0, 10, 10], [1, 0, 11, 10], [20, 20, 30, 30]]], np.float32)
    scores = np.array([[0.6, 0.2, 0.9]], np.float32)
    found = FindingSelector(DetectionConfig(limit=4, nms=0.3, voting=0.5))(boxes, scores)
    assert ops.convert_to_numpy(found.real)[0].tolist() == [1, 1, 0, 0]
    assert ops.convert_to_numpy(found.index)[0, :2].tolist() == [2, 0]
    assert ops.convert_to_numpy(found.boxes)[0, 1].tolist() == pytest.approx([0.25, 0, 10.25, 10])
