from functools import cache

import keras
import numpy as np
import pytest

from histo_worker.models.patch_classifier import patch_classifier
from histo_worker.models.reference_resnet import FAMILY, reference_resnet
from histo_worker.models.taps import build_trunk
from lobule_ml.backbones import BACKBONES

built = cache(reference_resnet)
"""Builds each network once for all tests of this file, which only look at it."""


def table_8_parameters(variant: str) -> int:
    """Number of parameters of a column of table 8, counted from the table.

    They are kernels, four numbers of batch norm per map, and the last layer.
    """
    stem = {"conv3x3": 3}.get(variant, 7)
    width = 32 if variant == "maps_doubled" else 16
    convolutions = [(stem, 3, 16), (3, 16, width)]
    if variant == "two_pools":
        convolutions += [(3, 16, 16), (3, 16, 16)]
    blocks = {"blocks_changed": (4, 4, 5, 7, 5), "two_pools": (5, 5, 5, 5)}.get(variant, (5, 5, 5, 5, 5))
    maps = width
    for stage, count in enumerate(blocks):
        entering = maps if stage == 0 else maps // 2
        convolutions += [(3, entering, maps), *[(3, maps, maps)] * (2 * count - 1)]
        maps *= 2
    last = maps // 2
    return sum(k * k * a * b + 4 * b for k, a, b in convolutions) + last + 1


class TestReportResNet:
    @pytest.mark.parametrize("variant", FAMILY)
    def test_parameters_are_table_8s(self, variant):
        assert built(variant).count_params() == table_8_parameters(variant)

    def test_sides_and_maps_are_table_8s(self):
        net = built("normal")
        for stage, (side, maps) in enumerate([(128, 16), (64, 32), (32, 64), (16, 128), (8, 256)], 1):
            assert net.get_layer(f"conv{stage}_5_relu").output.shape[1:] == (side, side, maps)
        assert net.get_layer("conv00_1").output.shape[1:] == (256, 256, 16)
        assert built("stride2").get_layer("conv00_1").output.shape[1:] == (128, 128, 16)
        assert built("two_pools").get_layer("pool01").output.shape[1:] == (64, 64, 16)
        assert built("blocks_changed").get_layer("conv4_7_relu").output.shape[1:] == (16, 16, 128)

    @pytest.mark.parametrize("size", [64, 128, 256, 512])
    def test_every_input_of_figure_43_ends_in_8_by_8(self, size):
        net = built("best", size)
        assert net.input.shape[1:] == (size, size, 3)
        assert net.output["evidence"].shape[1:] == (8, 8)

    def test_the_best_has_stride_2_and_dropout(self):
        names = [layer.name for layer in built("best").layers]
        assert "dropout_last" in names
        assert "pool00" not in names

    def test_depth_that_does_not_fit_is_refused(self):
        with pytest.raises(ValueError, match="8x8"):
            FAMILY["normal"].__class__(size=128).build()

    def test_saves_and_loads(self, tmp_path):
        net = reference_resnet("normal", 64)
        patches = np.random.default_rng(0).random((2, 64, 64, 3), np.float32)
        net.save(tmp_path / "net.keras")
        again = keras.models.load_model(tmp_path / "net.keras")
        np.testing.assert_allclose(net(patches)["logit"], again(patches)["logit"], atol=1e-5)


class TestHead:
    @pytest.mark.parametrize(
        ("backbone", "taps"), [("efficientnet_lite0", ("block3", "top")), ("densenet121", ("block2",))]
    )
    def test_the_logit_is_the_mean_of_the_evidence(self, backbone, taps):
        net = patch_classifier(backbone, taps, 64)
        outputs = net(np.random.default_rng(0).uniform(0, 255, (3, 64, 64, 3)).astype(np.float32))
        assert outputs["logit"].shape == (3,)
        np.testing.assert_allclose(
            outputs["logit"], np.asarray(outputs["evidence"]).mean(axis=(1, 2)), rtol=1e-3, atol=1e-5
        )

    def test_size_must_fit(self):
        with pytest.raises(ValueError, match="32"):
            patch_classifier("densenet121", ("block2",), 100)

    @pytest.mark.parametrize("backbone", BACKBONES)
    def test_every_backbone_has_the_taps(self, backbone):
        assert set(build_trunk(backbone, ("block2", "block3", "top")).output) == {"block2", "block3", "top"}
