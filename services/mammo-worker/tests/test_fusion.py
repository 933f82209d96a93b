"""Fusing variants: boxes of the same mass are joined, in coordinates of the upright film."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from mammo_worker.configs import toy
from mammo_worker.films.prepare import prepare_film
from mammo_worker.fusion import VariantFindings, fuse
from mammo_worker.inference import Detector, VariantNetwork
from mammo_worker.nn.mask_rcnn import MaskRCNN


def variant(boxes, scores, malignant=None, marks=None):
    boxes = np.array(boxes, float).reshape(-1, 4)
    masks = np.zeros((len(boxes), 4, 4), np.float32)
    if marks is not None:
        masks[:] = np.array(marks)[:, None, None]
    return VariantFindings(boxes, np.array(scores, float), np.array(malignant or scores, float), masks)


def test_a_mass_that_both_variants_found_is_joined_by_weight():
    one = variant([[0, 0, 10, 10]], [0.9], [0.8], [1.0])
    other = variant([[1, 0, 11, 10]], [0.3], [0.4], [0.5])
    fused = fuse([other, one])
    assert np.allclose(fused.boxes, [[0.25, 0, 10.25, 10]])
    assert fused.scores == pytest.approx([0.6])
    assert fused.malignant == pytest.approx([0.7])
    assert (fused.masks == 1.0).all()  # of the most certain variant


def test_what_one_variant_alone_found_counts_half_and_stays():
    fused = fuse([variant([[0, 0, 10, 10], [50, 50, 70, 70]], [0.8, 0.7]), variant([[0, 0, 10, 10]], [0.6])])
    assert fused.scores == pytest.approx([0.7, 0.35])
    assert np.allclose(fused.boxes[1], [50, 50, 70, 70])


def test_boxes_of_one_variant_are_never_joined_with_each_other():
    fused = fuse([variant([[0, 0, 10, 10], [1, 1, 11, 11]], [0.8, 0.7]), variant([], [])])
    assert len(fused.boxes) == 2


def test_a_single_variant_is_only_sorted():
    fused = fuse([variant([[0, 0, 10, 10], [20, 20, 30, 30]], [0.2, 0.9])])
    assert fused.scores.tolist() == [0.9, 0.2]
    assert fused.boxes[0].tolist() == [20, 20, 30, 30]


def test_nothing_found_stays_nothing():
    assert fuse([variant([], []), variant([], [])]).boxes.shape == (0, 4)


def test_a_network_without_a_triage_head_has_an_empty_instance_map(eager):
    model = MaskRCNN(replace(toy.network(), triage=None))
    found = Detector([VariantNetwork(model)])(prepare_film(np.full((400, 200), 90, np.uint8), (128, 64)), 400)
    assert found.instance_map.shape == (8, 4)
    assert not found.instance_map.any()


def test_an_upside_down_view_of_a_turned_film_says_the_same(eager):
    """The canvas turned upside down and analysed upside down is the canvas: boxes, masks and map must turn back."""
    keras.utils.set_random_seed(0)
    model = MaskRCNN(toy.network())
    film = np.zeros((400, 200), np.uint8)
    film[20:380, :150] = 90
    film[100:160, 40:100] = 220
    prepared = prepare_film(film, (128, 64))
    height = prepared.canvas.shape[0]
    turned = replace(prepared, canvas=np.ascontiguousarray(prepared.canvas[::-1]))
    upright = Detector([VariantNetwork(model)])(prepared, film.shape[0])
    back = Detector([VariantNetwork(model, upside_down=True)])(turned, film.shape[0])
    assert np.allclose(upright.scores, back.scores, atol=1e-5)
    assert np.allclose(upright.instance_map, back.instance_map[::-1], atol=1e-5)
    canvas = prepared.transform.boxes_to_canvas(upright.boxes)
    other = prepared.transform.boxes_to_canvas(back.boxes)
    inside = (canvas[:, 1] > 2) & (canvas[:, 3] < height - 2) & (other[:, 1] > 2) & (other[:, 3] < height - 2)
    flipped = np.stack([other[:, 0], height - other[:, 3], other[:, 2], height - other[:, 1]], axis=1)
    assert inside.any()
    assert np.allclose(canvas[inside], flipped[inside], atol=0.05)
