import time

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image

from histo_worker.data.source import read_source
from histo_worker.gate.features import NAMES, gate_features
from histo_worker.gate.fit import slide_parts
from histo_worker.gate.gate import GATE_FILE, InputGate
from histo_worker.gate.wrong_images import wrong_images
from lobule.contracts.result import ImageInfo
from lobule.errors import AnalysisError
from lobule.imaging.decode import decode_rgb, encode_png
from lobule.worker.pipeline import no_progress


@pytest.fixture(scope="module")
def gate() -> InputGate:
    return InputGate.load()


def test_accepts_real_fields(gate, fields):
    refused = 0
    for field in fields[::8]:
        try:
            gate.check(decode_rgb(field.path.read_bytes()))
        except AnalysisError:
            refused += 1
    assert refused == 0


def test_accepts_patches_of_50_pixels(gate, data_folder):
    folder = data_folder / "idc"
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    features = np.stack([gate_features(patch.pixels()) for patch in read_source(folder).fields[::60]])
    assert len(features) > 100
    assert (gate.scores(features) < 0).mean() <= 0.03


def test_accepts_parts_of_another_scanners_slide(gate, data_folder):
    slide = data_folder / "wsi" / "CMU-1-Small-Region.svs"
    if not slide.exists():
        pytest.skip(f"{slide} is not at hand")
    with Image.open(slide) as opened:
        parts = slide_parts(np.asarray(opened.convert("RGB")))
    assert len(parts) > 50
    assert not (gate.scores(np.stack([gate_features(part) for part in parts[::3]])) < 0).any()


def test_bare_glass_is_no_part_of_a_slide(field_pixels):
    glass = np.full((1000, 1000, 3), 230, np.uint8)
    tissue = cv2.resize(field_pixels[0], (460, 460))
    glass[:460, :460] = tissue
    assert all(np.shares_memory(part, glass[:460, :460]) for part in slide_parts(glass))
    assert not slide_parts(np.full((1000, 1000, 3), 230, np.uint8))


def test_refuses_pictures_that_were_synthesised_anew(gate, field_pixels):
    pictures = list(wrong_images("measure", field_pixels, None, seed=99))[::5]
    refused = [gate.scores(gate_features(picture)[None])[0] < 0 for _, picture in pictures]
    assert len(refused) > 60
    assert np.mean(refused) > 0.95


@pytest.mark.parametrize("folder", ["cbis_ddsm_mass", "mias", "cdd_cesm"])
def test_refuses_mammograms(gate, data_folder, folder):
    for path in sorted((data_folder / folder / "images").iterdir())[:60:10]:
        with pytest.raises(AnalysisError) as refusal:
            gate.check(decode_rgb(path.read_bytes()))
        assert refusal.value.code == "not_histology"
        assert "mammogram" in refusal.value.detail


@pytest.mark.parametrize("photograph", ["astronaut", "coffee", "chelsea", "rocket"])
def test_refuses_photographs(gate, photograph):
    with pytest.raises(AnalysisError, match="does not look like"):
        gate.check(getattr(skimage.data, photograph)())


def test_says_what_blank_glass_is(gate):
    with pytest.raises(AnalysisError, match="bare glass"):
        gate.check(np.full((460, 700, 3), 246, np.uint8))


def test_the_pipeline_refuses_too(pipeline):
    data = encode_png(np.full((460, 700, 3), 246, np.uint8))
    image = ImageInfo(sha256="0" * 64, file_name="a.png", modality="histopathology", width=700, height=460)
    with pytest.raises(AnalysisError) as refusal:
        pipeline.analyse(data, image, no_progress)
    assert refusal.value.code == "not_histology"


def test_features_are_finite_for_extremes_and_quick(field_pixels):
    for picture in (np.zeros((64, 64, 3), np.uint8), np.full((64, 900, 3), 255, np.uint8)):
        assert np.isfinite(gate_features(picture)).all()
        assert gate_features(picture).shape == (len(NAMES),)
    large = cv2.resize(field_pixels[0], (3000, 2000))
    started = time.process_time()
    gate_features(large)
    assert time.process_time() - started < 3


def test_measured_figures_reach_the_bar(gate):
    measured = gate.measured
    assert measured["wrong_images"] >= 500
    assert len(measured["by_kind"]) >= 6
    assert measured["wrong_refused"] >= 0.99
    assert measured["right_refused"] <= 0.01
    assert measured["changed_refused"] <= 0.05


@pytest.mark.parametrize(
    "change",
    [
        lambda p: np.clip(p * np.array([1.08, 1.0, 0.85]), 0, 255).astype(np.uint8),  # a warm white balance
        lambda p: np.clip(p * np.array([0.88, 0.97, 1.08]), 0, 255).astype(np.uint8),
        lambda p: (p * 0.7).astype(np.uint8),
        lambda p: (255 * (p / 255) ** 0.5).astype(np.uint8),  # pale: half the density
        lambda p: (255 * (p / 255) ** 1.5).astype(np.uint8),
        lambda p: cv2.resize(p, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA),
        lambda p: cv2.GaussianBlur(p, (0, 0), 2),
    ],
    ids=["warm", "cool", "dark", "pale", "strong", "small", "blurred"],
)
def test_accepts_fields_of_another_camera_or_dyer(gate, field_pixels, change):
    features = np.stack([gate_features(change(p)) for p in field_pixels])
    assert (gate.scores(features) < 0).mean() <= 0.1


def test_a_missing_or_foreign_gate_is_refused(tmp_path):
    (tmp_path / "gate.json").write_text('{"features": ["other"]}')
    for file in (tmp_path / "none.json", tmp_path / "gate.json"):
        with pytest.raises(AnalysisError) as refusal:
            InputGate.load(file)
        assert refusal.value.code == "model_unavailable"


def test_round_trip(gate, tmp_path, field_pixels):
    gate.save(tmp_path / "gate.json")
    again = InputGate.load(tmp_path / "gate.json")
    features = gate_features(field_pixels[0])[None]
    np.testing.assert_allclose(gate.scores(features), again.scores(features), rtol=1e-6)
    assert GATE_FILE.stat().st_size < 500_000
