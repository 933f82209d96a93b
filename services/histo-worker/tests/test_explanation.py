import cv2
import keras
import numpy as np
import pytest
from keras import layers
from typer.testing import CliRunner

from histo_worker.cli import app
from histo_worker.explanation.grad_cam import feature_map_sheet, first_convolution, grad_cam, last_maps
from histo_worker.explanation.stitch import smooth, stitch
from histo_worker.models.heads import evidence_head
from histo_worker.models.patch_classifier import patch_classifier
from histo_worker.models.reference_resnet import reference_resnet
from histo_worker.models.statistics.moments import LocalDeviation
from histo_worker.preprocessing.windows import covering_windows, cut_patches

STRIDE = 8  # stride of the stub networks, in pixels of a patch
LESIONS = [(60, 60), (230, 350), (400, 650), (120, 500), (440, 30)]


def brightness_maps():
    """Patches, and feature maps that equal their brightness, so that a map shows only geometry."""
    pixels = keras.Input((224, 224, 3))
    maps = layers.AveragePooling2D(STRIDE)(pixels)
    return pixels, layers.Conv2D(1, 1, use_bias=False, kernel_initializer="ones", name="brightness")(maps)


def peak_of(maps_of, centre):
    """The peak of the map for a field that is dark except for a lesion."""
    field = np.full((460, 700, 3), 40, np.uint8)
    cv2.circle(field, centre[::-1], 12, (255, 255, 255), -1)
    windows = covering_windows(460, 700, 448)
    maps = maps_of(cut_patches(field, windows, 224).astype(np.float32))
    stitched = smooth(stitch(maps, windows, 460, 700), 448 / maps.shape[1])
    return np.array(np.unravel_index(stitched.argmax(), stitched.shape))


class TestRegistration:
    """The stubs read windows of 448 pixels at 224, so one stride is 16 pixels of the field."""

    @pytest.mark.parametrize("centre", LESIONS)
    def test_grad_cam_of_another_head_peaks_at_the_lesion(self, centre):
        pixels, maps = brightness_maps()
        net = keras.Model(pixels, {"logit": layers.Reshape(())(layers.GlobalMaxPooling2D()(maps))})
        assert np.abs(peak_of(lambda p: grad_cam(net, maps, p), centre) - centre).max() <= 2 * STRIDE

    @pytest.mark.parametrize("centre", LESIONS)
    def test_the_map_of_a_deviation_head_peaks_at_the_lesion(self, centre):
        pixels, maps = brightness_maps()
        net = keras.Model(pixels, evidence_head({"last": maps}, statistic="deviation"))
        net.get_layer("evidence_last").set_weights([np.ones((1, 1, 1, 1)), np.zeros(1)])
        peak = peak_of(lambda p: np.asarray(net(p)["evidence"]), centre)
        assert np.abs(peak - centre).max() <= 2 * STRIDE


class TestGradCam:
    def test_agrees_with_the_map_of_evidence_where_the_head_is_linear(self):
        net = reference_resnet("normal", 64)
        patches = np.random.default_rng(0).random((2, 64, 64, 3)).astype(np.float32)
        evidence = np.asarray(net(patches)["evidence"]) - np.asarray(net.get_layer("evidence_last").bias)
        cam = grad_cam(net, last_maps(net), patches)
        np.testing.assert_allclose(cam * 64, np.maximum(evidence, 0), rtol=1e-3, atol=1e-4)  # 8x8 positions


class TestDeviation:
    def test_its_mean_is_the_standard_deviation(self):
        maps = np.random.default_rng(0).normal(3, 2, (2, 5, 7, 4)).astype(np.float32)
        np.testing.assert_allclose(np.asarray(LocalDeviation()(maps)).mean((1, 2)), maps.std((1, 2)), rtol=1e-4)

    def test_the_logit_is_the_mean_of_the_evidence(self):
        net = patch_classifier("densenet121", ("block2_middle", "block2"), 64, statistic="deviation")
        outputs = net(np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype(np.float32))
        np.testing.assert_allclose(outputs["logit"], np.asarray(outputs["evidence"]).mean((1, 2)), rtol=1e-3, atol=1e-5)


class TestFirstLayer:
    def test_the_sheet_shows_every_map(self):
        net = reference_resnet("best", 64)
        inside, layer = first_convolution(net)
        assert layer.name == "conv00_1"
        patch = np.random.default_rng(0).random((64, 64, 3)).astype(np.float32)
        sheet = feature_map_sheet(inside, layer, patch)
        assert sheet.shape == (2 * 32, 8 * 32)  # 16 maps of a stride-2 stem
        assert all(tile.std() > 1 for row in np.split(sheet, 2) for tile in np.split(row, 8, axis=1))


def test_the_command_draws_three_pictures(fields, tmp_path):
    field = next(f for f in fields if f.magnification == "100X")
    outcome = CliRunner().invoke(app, ["explain", str(field.path), "--output", str(tmp_path)])
    assert outcome.exit_code == 0, outcome.output
    cam, grad, first = (cv2.imread(str(tmp_path / n)) for n in ("cam.png", "grad_cam.png", "first_layer.png"))
    assert cam is not None
    assert grad is not None
    assert first is not None
    assert cam.shape == grad.shape == (460, 700, 3)
    assert first.shape[1] == 8 * 112  # 64 maps of DenseNet's first convolution at 224 pixels
    outcome = CliRunner().invoke(app, ["explain", str(tmp_path / "none.png")])
    assert outcome.exit_code == 1
