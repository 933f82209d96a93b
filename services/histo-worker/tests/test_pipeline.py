import hashlib
import io
import json
import shutil

import cv2
import numpy as np
import pytest
from PIL import Image

from histo_worker.explanation.evidence_map import SMOOTHED_CELLS
from histo_worker.explanation.stitch import smooth, stitch
from histo_worker.network import CompiledClassifier
from histo_worker.pipeline import HistologyPipeline
from histo_worker.preprocessing.windows import Window, covering_windows, cut_patches
from histo_worker.settings import HistoSettings
from lobule.contracts.activity import activity
from lobule.contracts.result import ImageInfo, Magnification
from lobule.errors import AnalysisError
from lobule.imaging.decode import decode_rgb
from lobule.worker.pipeline import no_progress

PACKAGE = HistoSettings().model


def info(data: bytes, magnification: Magnification | None = "100X") -> ImageInfo:
    return ImageInfo(
        sha256=hashlib.sha256(data).hexdigest(),
        file_name="field.jpg",
        modality="histopathology",
        width=700,
        height=460,
        magnification=magnification,
    )


def png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture(scope="module")
def one(fields):
    return next(f for f in fields if f.magnification == "100X").path.read_bytes()


class TestResult:
    def test_pictures_progress_and_determinism(self, pipeline, one):
        seen = []
        first = pipeline.analyse(one, info(one), lambda fraction, doing: seen.append((fraction, doing)))
        again = pipeline.analyse(one, info(one), no_progress)
        result = first.result
        assert result.probability_malignant == again.result.probability_malignant
        assert first.files == again.files
        assert result.assessment == result.thresholds.assess(result.probability_malignant)
        assert (result.display.width, result.display.height) == (700, 460)
        heat = cv2.imdecode(np.frombuffer(first.files[result.heat_map.file], np.uint8), cv2.IMREAD_UNCHANGED)
        assert heat.shape == (460, 700)
        assert heat.dtype == np.uint8
        assert heat.std() > 1
        fractions = [f for f, _ in seen]
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1.0
        last = activity("patches", done=result.patches.count, total=result.patches.count)
        assert last in [doing for _, doing in seen]
        assert not result.notices

    def test_without_pictures_the_numbers_are_the_same(self, pipeline, one, monkeypatch):
        whole = pipeline.analyse(one, info(one), no_progress).result
        monkeypatch.setattr(pipeline, "_has_pictures", False)
        bare = pipeline.analyse(one, info(one), no_progress)
        assert not bare.files
        assert bare.result.heat_map is None
        unlike = {"timings_s", "heat_map"}
        assert bare.result.model_dump(exclude=unlike) == whole.model_dump(exclude=unlike)

    def test_the_file_is_read_in_pieces(self, pipeline, one):
        class Content(io.BytesIO):
            def read(self, size=-1, /):
                assert size > 0, "a file of 300 MB would be in memory beside its pixels"
                return super().read(size)

        opened = pipeline.analyse(Content(one), info(one), no_progress).result
        assert (
            opened.probability_malignant == pipeline.analyse(one, info(one), no_progress).result.probability_malignant
        )

    def test_never_retraces_whatever_the_size(self, pipeline, field_pixels):
        for height, width in ((460, 700), (300, 300), (900, 1200)):
            pixels = cv2.resize(field_pixels[0], (width, height), interpolation=cv2.INTER_AREA)
            result = pipeline.analyse(png(pixels), info(b""), no_progress).result
            assert (result.image.width, result.image.height) == (width, height)
        assert pipeline.traces == 1

    def test_filling_the_last_batch_changes_nothing(self, pipeline, field_pixels):
        package = pipeline._package
        patches = cut_patches(field_pixels[0], covering_windows(460, 700, 300), 224)[:3]
        together, _ = CompiledClassifier(package, 3)(patches)
        apart, _ = pipeline._classifier(patches)  # of two patches
        np.testing.assert_allclose(together, apart, rtol=1e-3, atol=1e-3)

    def test_unknown_magnification_and_small_fields_are_told(self, pipeline, field_pixels):
        small = np.ascontiguousarray(field_pixels[0][:200, :200])
        result = pipeline.analyse(png(small), info(b"", magnification=None), no_progress).result
        assert {n.code for n in result.notices} == {"scale_unknown"}  # 184 pixels are a patch of 40X
        tiny = np.ascontiguousarray(field_pixels[0][:150, :150])
        result = pipeline.analyse(png(tiny), info(b"", magnification="40X"), no_progress).result
        assert {n.code for n in result.notices} == {"small_image"}

    def test_a_name_of_breakhis_tells_the_magnification(self, pipeline, one):
        named = info(one, magnification=None).model_copy(update={"file_name": "SOB_B_A-14-22549AB-100-001.png"})
        result = pipeline.analyse(one, named, no_progress).result
        assert result.patches.magnification_assumed == "100X"
        assert not result.notices
        given = pipeline.analyse(one, info(one), no_progress).result
        assert result.probability_malignant == given.probability_malignant

    def test_an_unknown_magnification_is_the_mean_of_both_readings(self, pipeline, field_pixels):
        def logit(magnification):
            p = pipeline.probabilities(field_pixels[0], magnification).field
            return np.log(p / (1 - p))

        assert logit(None) == pytest.approx((logit("40X") + logit("100X")) / 2, abs=1e-4)
        assert logit("40X") != pytest.approx(logit("100X"), abs=1e-3)

    def test_separates_the_classes_it_was_trained_on(self, pipeline, fields):
        chosen = [f for f in fields if f.magnification == "100X"][::14]
        scores = [pipeline.analyse(d, info(d), no_progress).result.probability_malignant for d in
                  (f.path.read_bytes() for f in chosen)]  # fmt: skip
        malignant = np.mean([s for s, f in zip(scores, chosen, strict=True) if f.target])
        benign = np.mean([s for s, f in zip(scores, chosen, strict=True) if not f.target])
        assert malignant > benign + 0.2


class TestPackage:
    def test_figures_are_out_of_fold_and_reach_the_first_bar(self):
        metrics = json.loads((PACKAGE / "model.json").read_text())["metrics"]
        auc = next(m for m in metrics if m["name"] == "image_auc" and m["magnification"] == "100X")
        assert auc["value"] >= 0.78
        assert auc["interval"][0] < auc["value"] < auc["interval"][1]
        assert "by patient" in auc["protocol"]

    def test_missing_damaged_or_foreign_packages_are_refused(self, tmp_path):
        with pytest.raises(AnalysisError) as missing:
            HistologyPipeline(tmp_path / "none")
        shutil.copytree(PACKAGE, tmp_path / "damaged")
        manifest = json.loads((PACKAGE / "model.json").read_text())
        with (tmp_path / "damaged" / manifest["weights_file"]).open("ab") as stream:
            stream.write(b"x")
        with pytest.raises(AnalysisError) as damaged:
            HistologyPipeline(tmp_path / "damaged")
        manifest["architecture"]["name"] = "from_the_future"
        shutil.copytree(PACKAGE, tmp_path / "future")
        (tmp_path / "future" / "model.json").write_text(json.dumps(manifest))
        with pytest.raises(AnalysisError) as future:
            HistologyPipeline(tmp_path / "future")
        assert {e.value.code for e in (missing, damaged, future)} == {"model_unavailable"}


class TestRegistration:
    @pytest.mark.parametrize("centre", [(60, 60), (230, 350), (400, 650), (120, 500), (440, 30)])
    def test_the_map_peaks_where_the_lesion_lies(self, centre):
        """A stub of fixed average pooling has brightness as its evidence, so that only the geometry is tested."""
        field = np.zeros((460, 700, 3), np.uint8)
        cv2.circle(field, centre[::-1], 12, (255, 255, 255), -1)
        windows = covering_windows(460, 700, 448)
        stride = 8
        patches = cut_patches(field, windows, 224).astype(np.float32).mean(axis=3)
        maps = patches.reshape(len(patches), 28, stride, 28, stride).mean(axis=(2, 4))
        stitched = smooth(stitch(maps, windows, 460, 700), SMOOTHED_CELLS * 16)
        peak = np.unravel_index(stitched.argmax(), stitched.shape)
        assert np.abs(np.array(peak) - centre).max() <= stride * 2  # one stride, in pixels of the field

    def test_overlap_is_blended_and_a_constant_stays_constant(self):
        windows = [Window(0, 0, 64), Window(32, 0, 64)]
        np.testing.assert_allclose(stitch(np.full((2, 4, 4), 3.0, np.float32), windows, 64, 96), 3.0, rtol=1e-5)

    @pytest.mark.parametrize("scale", [0.5, 0.3, 0.11])
    def test_a_map_of_less_resolution_shows_the_same(self, scale):
        windows = covering_windows(700, 900, 460)
        maps = np.random.default_rng(0).normal(size=(len(windows), 7, 7)).astype(np.float32)
        small = stitch(maps, windows, 700, 900, scale)
        whole = cv2.resize(stitch(maps, windows, 700, 900), small.shape[::-1], interpolation=cv2.INTER_AREA)
        assert np.corrcoef(small.ravel(), whole.ravel())[0, 1] > 0.99
        assert np.abs(small - whole).mean() < 0.1 * whole.std()


def test_a_field_in_adobe_rgb_is_assessed_as_its_twin(pipeline, fields, adobe_rgb, as_adobe_rgb):
    for field in [f for f in fields if f.magnification == "100X"][:4]:
        one = field.path.read_bytes()
        stream = io.BytesIO()
        Image.fromarray(as_adobe_rgb(decode_rgb(one))).save(stream, "PNG", icc_profile=adobe_rgb)
        twin = stream.getvalue()
        results = [pipeline.analyse(data, info(data), no_progress).result for data in (one, twin)]
        assert results[0].assessment == results[1].assessment
        assert abs(results[0].probability_malignant - results[1].probability_malignant) < 0.02
        assert results[1].notices == []
