import keras
import numpy as np
import pytest

from lobule_ml.backbones import BACKBONES, build_backbone, load_pretrained
from lobule_ml.backbones.densenet import densenet121
from lobule_ml.backbones.resnet import torch_key
from lobule_ml.folding import folded
from lobule_ml.variables import named_variables


@pytest.mark.parametrize(
    ("name", "channels", "millions"),
    [
        ("efficientnet_lite0", [24, 40, 112, 320], 3.0),
        ("densenet121", [256, 512, 1024, 1024], 7.04),
        ("resnet50", [256, 512, 1024, 2048], 23.6),
        ("resnet101", [256, 512, 1024, 2048], 42.6),
    ],
)
def test_pyramid(name, channels, millions):
    model = build_backbone(name, shape=(64, 96, 3))
    maps = model.output
    assert list(maps) == ["C2", "C3", "C4", "C5"]
    assert [(64 // x.shape[1], 96 // x.shape[2]) for x in maps.values()] == [(s, s) for s in (4, 8, 16, 32)]
    assert [x.shape[-1] for x in maps.values()] == channels
    assert model.count_params() / 1e6 == pytest.approx(millions, rel=0.03)


@pytest.mark.parametrize("name", BACKBONES)
def test_freezing_and_coarse_stages(name):
    spec = BACKBONES[name]
    model = build_backbone(name, shape=(64, 64, 3), frozen_stages=spec.coarse)
    coarse = spec.layers_of(slice(spec.coarse, None))
    with_weights = [layer for layer in model.layers if layer.weights]
    assert [layer.trainable for layer in with_weights] == [layer.name.startswith(coarse) for layer in with_weights]
    named = spec.layers_of(slice(None))
    assert all(layer.name.startswith(named) for layer in with_weights), "every layer belongs to a stage"


def test_densenet_ends_behind_the_last_wanted_map():
    """Building the rest would take two thirds of the time."""
    wanted = densenet121(keras.Input((64, 64, 3)), ("C3_middle", "C3"))
    assert list(wanted) == ["C2", "C3_middle", "C3"]
    assert list(build_backbone("densenet121", ("head", "C3")).output) == ["head", "C3"]


def test_unknown_map_is_refused():
    with pytest.raises(KeyError):
        build_backbone("resnet50", ("C3_middle",))


def test_imagenet_lite0_knows_a_photograph(shared_weights):
    """With its classification layer restored, the backbone recognises scikit-image's cat (ImageNet 281 to 285)."""
    import cv2
    from skimage.data import cat

    model = build_backbone("efficientnet_lite0", ("head",), (224, 224, 3))
    load_pretrained("efficientnet_lite0", model, shared_weights)
    picture = cv2.resize(cat()[:, 75:375], (224, 224), interpolation=cv2.INTER_AREA)
    pooled = keras.ops.convert_to_numpy(model(picture[None].astype(np.float32))["head"]).mean(axis=(1, 2))
    with np.load(shared_weights / "efficientnet_lite0" / "efficientnet_lite0_imagenet1k.npz") as w:
        logits = pooled @ w["fc/kernel"].astype(np.float32) + w["fc/bias"]
    assert 281 <= int(logits.argmax()) <= 285


def test_densenet_is_the_one_of_keras_applications(shared_weights):
    model = build_backbone("densenet121", ("C3_middle", "C5"), (64, 64, 3))
    load_pretrained("densenet121", model, shared_weights)
    known = keras.applications.DenseNet121(include_top=False, weights=None, input_shape=(64, 64, 3))
    middle = keras.Model(known.input, [known.get_layer("conv3_block6_concat").output, known.output])
    with np.load(shared_weights / "densenet121" / "densenet121_imagenet1k_notop.npz") as archive:
        for layer in known.layers:
            for variable in layer.weights:
                variable.assign(archive[f"{layer.name}/{variable.name}"].astype(np.float32))
    picture = np.random.default_rng(0).uniform(0, 255, (1, 64, 64, 3)).astype(np.float32)
    ours = model(picture)
    theirs = middle(keras.applications.densenet.preprocess_input(picture.copy()))
    for mine, other in zip((ours["C3_middle"], ours["C5"]), theirs, strict=True):
        mine, other = keras.ops.convert_to_numpy(mine), keras.ops.convert_to_numpy(other)
        assert np.abs(mine - other).max() < 1e-3 * np.abs(other).max()


def test_resnet_loads_by_torchvision_names(tmp_path):
    model = build_backbone("resnet50", shape=(32, 32, 3))
    chance = np.random.default_rng(0)
    arrays = {torch_key(n): chance.uniform(0.5, 1, v.shape).astype(np.float16) for n, v in named_variables(model)}
    assert {"conv1.weight", "layer1.0.downsample.1.running_var", "layer4.2.conv3.weight"} <= set(arrays)
    trainable = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert trainable == 23_508_032  # torchvision's resnet50 without its last layer
    np.savez(tmp_path / "r.npz", **arrays)
    load_pretrained("resnet50", model, tmp_path / "r.npz")
    assert np.allclose(model.get_layer("layer3_2_conv2").kernel, arrays["layer3.2.conv2.weight"])
    del arrays["bn1.running_mean"]
    np.savez(tmp_path / "short.npz", **arrays)
    with pytest.raises(KeyError):
        load_pretrained("resnet50", model, tmp_path / "short.npz")


@pytest.mark.parametrize("name", ["efficientnet_lite0", "densenet121"])
def test_folded_is_the_same_function(name):
    model = build_backbone(name, shape=(64, 64, 3))
    chance = np.random.default_rng(1)
    for key, variable in named_variables(model):
        if "moving" in key or "gamma" in key:
            variable.assign(chance.uniform(0.5, 1.5, variable.shape))
    picture = chance.uniform(0, 255, (1, 64, 64, 3)).astype(np.float32)
    fast = folded(model)
    assert sum(isinstance(x, keras.layers.BatchNormalization) for x in fast.layers) < sum(
        isinstance(x, keras.layers.BatchNormalization) for x in model.layers
    )
    before, after = model(picture, training=False), fast(picture, training=False)
    for tap, expected in before.items():
        np.testing.assert_allclose(after[tap], expected, rtol=1e-2, atol=1e-3 * float(np.abs(expected).max()))
