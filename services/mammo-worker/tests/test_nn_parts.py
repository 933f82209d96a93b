"""The network's parts, each against a plain reference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from mammo_worker.labels import MASS_OF_UNKNOWN_CLASS
from mammo_worker.nn import boxes as bx
from mammo_worker.nn import losses
from mammo_worker.nn.anchors import AnchorGenerator, PointGenerator
from mammo_worker.nn.box_coder import DeltaCoder, DistanceCoder
from mammo_worker.nn.centre_stage import centre_targets
from mammo_worker.nn.config import ANCHOR_MATCHER, MatcherConfig, RoiConfig, TriageConfig
from mammo_worker.nn.detections import vote
from mammo_worker.nn.matcher import Matcher, Sampler
from mammo_worker.nn.nms import nms_keep, top_after_nms
from mammo_worker.nn.proposals import propose
from mammo_worker.nn.roi import RoiSampler
from mammo_worker.nn.roi_align import assign_levels, roi_align
from mammo_worker.nn.triage import TriageHead


def to_numpy(tensor):
    return ops.convert_to_numpy(tensor)


def random_boxes(chance, count, size=200.0):
    corner = chance.uniform(0, size, (count, 2))
    return np.concatenate([corner, corner + chance.uniform(2, size / 3, (count, 2))], axis=1).astype(np.float32)


def iou(a, b):
    side = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    shared = np.prod(np.maximum(side, 0))
    return shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared)


class TestBoxes:
    @settings(max_examples=40, deadline=None)
    @given(st.integers(0, 10_000))
    def test_decode_undoes_encode(self, seed):
        chance, coder = np.random.default_rng(seed), DeltaCoder()
        boxes, anchors = random_boxes(chance, 7), random_boxes(chance, 7)
        back = to_numpy(coder.decode(coder.encode(boxes, anchors), anchors))
        assert np.abs(back - boxes).max() < 0.05

    def test_iou_and_overlap_ratio(self):
        chance = np.random.default_rng(1)
        a, b = random_boxes(chance, 9), random_boxes(chance, 5)
        expected = [[iou(p, q) for q in b] for p in a]
        assert np.allclose(to_numpy(bx.pairwise_iou(a, b)), expected, atol=1e-5)
        inside, around = np.array([[10.0, 10, 20, 20]]), np.array([[0.0, 0, 40, 40]])
        assert to_numpy(bx.pairwise_overlap_ratio(inside, around))[0, 0] == pytest.approx(1.0)
        assert to_numpy(bx.pairwise_overlap_ratio(around, inside))[0, 0] == pytest.approx(1 / 16)


class TestNms:
    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 10_000), st.sampled_from([0.3, 0.5, 0.7]))
    def test_equals_the_greedy_walk(self, seed, threshold):
        chance = np.random.default_rng(seed)
        boxes = random_boxes(chance, 40, 60.0)
        kept = []
        for i in range(len(boxes)):
            if all(iou(boxes[i], boxes[j]) <= threshold for j in kept):
                kept.append(i)
        keep = to_numpy(nms_keep(boxes[None], np.ones((1, 40), bool), threshold))[0]
        assert np.flatnonzero(keep).tolist() == kept

    def test_best_first_and_padded(self):
        boxes = np.array([[[0, 0, 10, 10], [50, 50, 60, 60], [1, 0, 11, 10], [80, 80, 90, 90]]], np.float32)
        scores = np.array([[0.5, 0.9, 0.8, 0.0]], np.float32)
        index, is_box = top_after_nms(boxes, scores, 0.5, 4, 6)
        assert to_numpy(index)[0, :2].tolist() == [1, 2]
        assert to_numpy(is_box)[0].tolist() == [True, True, False, False, False, False]


def test_box_voting_is_the_mean_by_score():
    boxes = np.array([[[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]]], np.float32)
    voted = to_numpy(vote(boxes[:, :1], boxes, np.array([[0.6, 0.2, 0.9]], np.float32), 0.5))[0, 0]
    assert voted.tolist() == pytest.approx([0.25, 0, 10.25, 10])
    alone = to_numpy(vote(boxes[:, 2:], boxes, np.zeros((1, 3), np.float32), 0.5))[0, 0]
    assert alone.tolist() == [50, 50, 60, 60]


class TestRoiAlign:
    def test_equals_naive_bilinear_sampling(self):
        chance = np.random.default_rng(0)
        levels = [chance.normal(size=(2, 32, 24, 3)), chance.normal(size=(2, 16, 12, 3))]
        levels = [x.astype(np.float32) for x in levels]
        boxes = np.array([[[3, 5, 40, 60], [10, 8, 180, 250]], [[0, 0, 30, 20], [60, 70, 191, 255]]], np.float32)
        out = to_numpy(roi_align(levels, (8, 16), boxes, 4, 2))
        level = to_numpy(assign_levels(boxes, (8, 16)))
        assert set(level.ravel()) == {0, 1}

        def sample(feature, y, x):
            h, w, _ = feature.shape
            y, x = np.clip(y, 0, h - 1), np.clip(x, 0, w - 1)
            y0, x0 = int(y), int(x)
            y1, x1, fy, fx = min(y0 + 1, h - 1), min(x0 + 1, w - 1), y - y0, x - x0
            top = feature[y0, x0] * (1 - fx) + feature[y0, x1] * fx
            return top * (1 - fy) + (feature[y1, x0] * (1 - fx) + feature[y1, x1] * fx) * fy

        for b in range(2):
            for r in range(2):
                stride = (8, 16)[level[b, r]]
                x1, y1, x2, y2 = boxes[b, r]
                steps = (np.arange(8) + 0.5) / 8
                ys, xs = (y1 + steps * (y2 - y1)) / stride - 0.5, (x1 + steps * (x2 - x1)) / stride - 0.5
                grid = np.array([[sample(levels[level[b, r]][b], y, x) for x in xs] for y in ys])
                expected = grid.reshape(4, 2, 4, 2, 3).mean(axis=(1, 3))
                assert np.allclose(out[b, r], expected, atol=1e-4)

    def test_large_boxes_go_to_coarse_levels(self):
        boxes = np.array([[[0, 0, 56, 56], [0, 0, 112, 112], [0, 0, 224, 224], [0, 0, 900, 900]]], np.float32)
        assert to_numpy(assign_levels(boxes, (4, 8, 16, 32)))[0].tolist() == [0, 1, 2, 3]


class TestProposals:
    def test_anchors_lie_around_their_cells(self):
        anchors = AnchorGenerator((8, 16), (16.0, 32.0), (0.5, 1.0, 2.0))((64, 32))
        assert anchors.shape == ((8 * 4 + 4 * 2) * 3, 4)
        side = anchors[:, 2:] - anchors[:, :2]
        assert np.allclose(np.prod(side, axis=1), [256.0] * 96 + [1024.0] * 24)
        assert np.allclose(side[:3, 1] / side[:3, 0], [0.5, 1, 2])
        assert np.allclose((anchors[3, :2] + anchors[3, 2:]) / 2, [12, 4])

    def test_distances_become_boxes(self):
        distances = np.zeros((1, 32, 4), np.float32)
        distances[0, 5] = [1, 2, 3, 4]
        box = to_numpy(DistanceCoder(8).decode(distances, PointGenerator(8)((64, 32))))[0, 5]
        assert box.tolist() == [12 - 8, 12 - 16, 12 + 24, 12 + 32]
        assert PointGenerator(8)((64, 32))[5].tolist() == [12, 12]

    def test_proposals_are_clipped_and_distinct(self):
        boxes = np.array([[[-5, -5, 20, 20], [-4, -4, 20, 20], [30, 30, 90, 90]]], np.float32)
        found, score = propose(boxes, np.array([[0.9, 0.8, 0.7]], np.float32), (64, 64), 0.7, 3, 3)
        assert to_numpy(found)[0].tolist() == [[0, 0, 20, 20], [30, 30, 64, 64], [0, 0, 0, 0]]
        assert to_numpy(score)[0] == pytest.approx([0.9, 0.7, 0.0])


class TestLosses:
    def test_containment_is_free(self):
        truth = np.array([[10.0, 10, 50, 50]])
        inside, around = np.array([[20.0, 20, 40, 40]]), np.array([[0.0, 0, 60, 60]])
        assert to_numpy(losses.containment_overhang(inside, truth)).tolist() == [[0, 0]]
        assert to_numpy(losses.containment_overhang(around, truth)).tolist() == [[0, 0]]
        shared = np.array([[10.0, 10, 60, 60]])
        assert to_numpy(losses.containment_overhang(shared, truth)).tolist() == [[0, 0]]
        shifted = np.array([[20.0, 20, 70, 40]])
        assert to_numpy(losses.containment_overhang(shifted, truth))[0] == pytest.approx([20 / 40, 0])

    def test_smooth_l1_is_zero_at_the_truth_and_grows(self):
        anchors, truth = np.array([[0.0, 0, 40, 40]]), np.array([[5.0, 5, 45, 50]])
        coder, one = DeltaCoder(), np.ones(1)
        perfect = coder.encode(truth, anchors)
        assert float(losses.box_loss("smooth_l1", coder, perfect, anchors, truth, one)) == pytest.approx(0, abs=1e-5)
        assert float(losses.box_loss("smooth_l1", coder, perfect + 1.0, anchors, truth, one)) > 1

    def test_unknown_class_only_asks_for_a_mass(self):
        logits = np.array([[[-9.0, 5, 0]]], np.float32)
        weight = np.ones((1, 1), np.float32)
        as_mass = float(losses.class_loss(logits, np.array([[MASS_OF_UNKNOWN_CLASS]]), weight))
        as_malignant = float(losses.class_loss(logits, np.array([[2]]), weight))
        assert as_mass < 0.01 < 4 < as_malignant

    def test_giou_falls_as_boxes_near(self):
        truth, weight = np.array([[10.0, 10, 30, 30]]), np.ones(1)
        values = [float(losses.giou_loss(truth + d, truth, weight)) for d in (0.0, 5.0, 15.0, 40.0)]
        assert values[0] == pytest.approx(0, abs=1e-5)
        assert values == sorted(values)

    def test_focal_loss_prefers_the_right_cell(self):
        heat = np.array([[0.0, 1.0, 0.3, 0.0]], np.float32)
        right, wrong = np.array([[-4.0, 4, -4, -4]], np.float32), np.array([[4.0, -4, -4, -4]], np.float32)
        assert float(losses.centre_focal_loss(right, heat)) < 0.1
        assert float(losses.centre_focal_loss(wrong, heat)) > 5

    def test_box_projection_wants_the_whole_box_and_nothing_beside(self):
        inside = np.zeros((1, 8, 8), np.float32)
        inside[0, 2:6, 2:6] = 1
        weight = np.ones(1, np.float32)
        fits = float(losses.box_projection_loss((inside * 2 - 1) * 9, inside, weight))
        spills = float(losses.box_projection_loss(np.full_like(inside, 9), inside, weight))
        empty = float(losses.box_projection_loss(np.full_like(inside, -9), inside, weight))
        assert fits < 0.02
        assert spills > 0.5
        assert empty > 1.5

    @pytest.mark.parametrize("kind", ["max_pooling", "label_assignment", "sparse"])
    def test_mil_prefers_one_bright_instance_on_a_malignant_film(self, kind):
        dark, spot, bright = (np.full((1, 4, 4), v, np.float32) for v in (-6.0, -6.0, 6.0))
        spot = spot.copy()
        spot[0, 1, 2] = 6
        head = TriageHead.build(TriageConfig(kind, top=1, sparsity=0.01), (16,), 8)
        one, zero = np.ones(1, np.int32), np.zeros(1, np.int32)

        def loss(logits, label):
            return float(head.loss(logits, label))

        assert loss(spot, one) < loss(dark, one)
        assert loss(dark, zero) < loss(spot, zero)
        if kind != "max_pooling":
            assert loss(spot, one) < loss(bright, one)


class TestTargets:
    truth = np.array([[[20.0, 20, 60, 60], [0, 0, 0, 0]]], np.float32)
    labels = np.array([[2, 0]], np.int32)

    def test_anchor_targets(self):
        anchors = np.array([[20, 20, 60, 60], [21, 21, 63, 63], [100, 100, 140, 140], [35, 35, 75, 75]], np.float32)
        positive, negative, _ = Matcher(ANCHOR_MATCHER)(anchors[None], self.truth, self.labels)
        assert to_numpy(positive)[0].tolist() == [True, True, False, False]
        assert to_numpy(negative)[0].tolist() == [False, False, True, True]

    def test_the_best_anchor_of_a_mass_is_positive_however_poor(self):
        anchors = np.array([[40, 40, 80, 80], [100, 100, 140, 140]], np.float32)
        positive, _, _ = Matcher(ANCHOR_MATCHER)(anchors[None], self.truth, self.labels)
        assert to_numpy(positive)[0].tolist() == [True, False]

    def test_centre_targets(self):
        heat, weight, of = (
            to_numpy(x)[0] for x in centre_targets(PointGenerator(8)((96, 64)), 8, self.truth, self.labels)
        )
        grid = heat.reshape(12, 8)
        assert (grid == 1).sum() >= 1
        assert np.unravel_index(grid.argmax(), grid.shape) in [(4, 4), (4, 5), (5, 4), (5, 5)]
        assert grid[0, 0] < 1e-3
        assert set(of[weight > 0]) == {0}
        assert (weight > 0).sum() >= 4

    def test_sampling_keeps_to_its_share(self):
        import keras

        positive = np.zeros((1, 50), bool)
        positive[0, :20] = True
        negative = ~positive
        index, weight = Sampler(12, 0.25)(positive, negative, keras.random.SeedGenerator(1))
        drawn = positive[0][to_numpy(index)[0]]
        assert drawn[:3].all()
        assert not drawn[3:].any()
        assert to_numpy(weight).sum() == 12
        few, _ = positive.copy(), None
        few[0, 1:] = False
        _, weight = Sampler(12, 0.25)(few, ~few & (np.arange(50) > 45), keras.random.SeedGenerator(1))
        assert to_numpy(weight).sum() == 1 + 4

    @pytest.mark.parametrize(("rule", "expected"), [("iou", 0), ("overlap_ratio", 1)])
    def test_a_small_box_inside_counts_by_overlap_ratio_alone(self, rule, expected):
        import keras

        config = RoiConfig(MatcherConfig(rule), samples=4, positive_share=0.5)
        proposals = np.array([[[30, 30, 40, 40]]], np.float32)
        labels = np.array([[2, 0]], np.int32)
        out = RoiSampler(config)(proposals, self.truth, labels, keras.random.SeedGenerator(1))
        rois, positive = to_numpy(out["rois"])[0], to_numpy(out["positive"])[0]
        small = (rois == proposals[0, 0]).all(axis=1) & (to_numpy(out["weight"])[0] > 0)
        assert positive[small].max(initial=0) == expected
        assert to_numpy(out["label"])[0][positive > 0].tolist() == [2] * int(positive.sum())
