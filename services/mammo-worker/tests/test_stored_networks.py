"""Packages of before: flat configurations are read, and weights in their order give the outputs that they gave.

`data/stored_networks.json` was computed with the code that wrote packages of version 2, by the same drawn weights.
"""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from mammo_worker.configs import light, reference, standard
from mammo_worker.films.prepare import prepare_film
from mammo_worker.inference import Detector, VariantNetwork
from mammo_worker.nn.fold import fold
from mammo_worker.nn.mask_rcnn import MaskRCNN
from mammo_worker.nn.stored_config import read_config

STORED = json.loads((Path(__file__).parent / "data" / "stored_networks.json").read_text("utf-8"))


def drawn_film():
    picture = np.zeros((520, 300), np.uint8)
    cv2.circle(picture, (0, 260), 240, (110,), -1)
    for x, y, radius, grey in ((150, 260, 16, 210), (60, 120, 12, 190), (90, 400, 22, 170)):
        cv2.circle(picture, (x, y), radius, (grey,), -1)
    return picture


def drawn_weights(model):
    chance = np.random.default_rng(5)
    for variable in model.weights:
        shape = tuple(variable.shape)
        if len(shape) > 1:
            yield chance.normal(0, (2 / np.prod(shape[:-1])) ** 0.5, shape).astype(np.float32)
        else:
            low, high = (0.8, 1.2) if variable.path.endswith(("gamma", "variance")) else (-0.05, 0.05)
            yield chance.uniform(low, high, shape).astype(np.float32)


@pytest.mark.parametrize("name", list(STORED))
def test_weights_in_the_stored_order_say_what_they_said(name):
    stored = STORED[name]
    model = MaskRCNN(read_config(stored["config"]))
    assert [f"{v.path} {list(v.shape)}" for v in model.weights] == stored["weights"]
    model.set_weights(list(drawn_weights(model)))
    detector = Detector([VariantNetwork(fold(model)), VariantNetwork(fold(model), upside_down=True)])
    found = detector(prepare_film(drawn_film(), model.config.canvas), 520)
    # The numbers are equal to the bit on one machine; other processors round elsewhere.
    np.testing.assert_allclose(found.scores, stored["scores"], atol=1e-5)
    np.testing.assert_allclose(found.malignant, stored["malignant"], atol=1e-4)
    np.testing.assert_allclose(found.boxes, stored["boxes"], atol=0.05)
    np.testing.assert_allclose(found.instance_map, stored["instance_map"], atol=1e-5)


@pytest.mark.parametrize("name", list(STORED))
def test_a_network_at_another_canvas_is_the_one_built_for_it(name):
    config = read_config(STORED[name]["config"])
    height, width = config.canvas
    other = (height // 2, width // 2)
    model, built = MaskRCNN(config), MaskRCNN(replace(config, canvas=other))
    weights = list(drawn_weights(model))
    model.set_weights(weights)
    built.set_weights(weights)
    canvas = prepare_film(drawn_film(), other).canvas[None]
    moved = model.at_canvas(other)
    assert moved.config == built.config
    found, expected = moved.detect(canvas), built.detect(canvas)
    for part, values in expected.items():
        np.testing.assert_array_equal(found[part], values, err_msg=part)
    assert np.max(expected["score"]) > 0
    assert moved.parts.trunk.backbone is model.parts.trunk.backbone, "the weights are shared"
    assert model.config.canvas == (height, width), "the first one stays as it was"


@pytest.mark.parametrize("network", [light.network, standard.network, reference.thesis_network])
def test_nested_configurations_round_trip_through_json(network):
    config = network()
    assert read_config(json.loads(json.dumps(config.to_dict()))) == config


def test_a_configuration_of_a_newer_version_is_refused():
    values = light.network().to_dict()
    values["box"]["ensemble"] = 3
    with pytest.raises(ValidationError, match="ensemble"):
        read_config(values)


def test_an_unknown_first_stage_is_refused():
    values = next(iter(STORED.values()))["config"]
    with pytest.raises(ValueError, match="there is no first stage 'corners'"):
        read_config({**values, "proposal_stage": "corners"})
