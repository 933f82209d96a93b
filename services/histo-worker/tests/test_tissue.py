"""The tissue of a field: windows at a scale, map, distance to the training tissue."""

import hashlib
import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from histo_worker.data.source import read_source
from histo_worker.gate.features import gate_features
from histo_worker.predict import row_of
from histo_worker.scale import Scale, is_classified, scale_of
from histo_worker.tissue import windows
from histo_worker.tissue.mosaic import _smoothed
from histo_worker.tissue.network import SIDE, UM_PER_PIXEL
from histo_worker.tissue.orientations import COUNT, turned, turned_back
from histo_worker.tissue.out_of_distribution import FAR, fit_training_tissue
from histo_worker.tissue.reader import TissueReader
from histo_worker.tissue.stage import MAPPED_UM, MOST_REGIONS, describe_map, regions_of, widened
from histo_worker.tissue.statistics import square_statistics
from histo_worker.tissue.windows import CELL, bands, scaled_size, share_read
from lobule.contracts.result import ImageInfo, Result, Thresholds
from lobule.contracts.tissue import Tissue
from lobule.imaging.decode import decode_rgb
from lobule.words.packages import package_sentence
from lobule.worker.pipeline import no_progress
from lobule_ml.batch import Outcome

PINK = (200, 120, 180)


def info(data: bytes = b"", **known) -> ImageInfo:
    digest = hashlib.sha256(data).hexdigest()
    return ImageInfo(sha256=digest, file_name="f.png", modality="histopathology", width=700, height=460, **known)


def encoded(pixels: np.ndarray, **options) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, **{"format": "PNG"} | options)
    return stream.getvalue()


def tissue_of(unlike: float) -> Tissue:
    shares = dict.fromkeys(("probability_tumour", "tumour_share", "marked_from"), 0.4)
    return Tissue(model="t 1", um_per_pixel=1, scale_source="file", unlike_training=unlike, **shares)


@pytest.fixture(scope="module")
def reader() -> TissueReader:
    return TissueReader()


class TestWindows:
    @pytest.mark.parametrize(
        ("shape", "um"), [((50, 50), 4.0), ((460, 700), 0.48), ((900, 1500), 4.0), ((64, 640), 3.0)]
    )
    def test_cover_the_field_and_lie_within_it(self, shape, um):
        field = np.full((*shape, 3), PINK, np.uint8)
        rows, columns = scaled_size(*shape, um)
        seen = np.zeros((rows, columns), bool)
        for band in bands(field, um):
            assert band.patches.shape == (len(band.xs), SIDE, SIDE, 3)
            for x in band.xs:
                assert band.y + SIDE <= rows
                assert x + SIDE <= columns
                seen[band.y : band.y + SIDE, x : x + SIDE] = True
        margin = SIDE // 4
        assert seen[margin : rows - margin, margin : columns - margin].all()

    @pytest.mark.parametrize("shape", [(4000, 3000), (48, 200_000), (200_000, 48)])
    def test_a_field_of_any_size_is_read_in_bounded_time(self, monkeypatch, shape):
        monkeypatch.setattr(windows, "MOST_SQUARES", 60)
        read = list(bands(np.broadcast_to(np.uint8(PINK), (*shape, 3)), 8.0))
        assert 30 <= sum(len(band.xs) for band in read) <= 60
        assert all(band.y + SIDE <= scaled_size(*shape, 8.0)[0] for band in read)
        assert share_read(*shape, 8.0) < 0.05
        assert share_read(64, 64, UM_PER_PIXEL) == 1

    def test_glass_is_not_read(self):
        field = np.full((400, 400, 3), 250, np.uint8)
        assert not any(band.xs for band in bands(field, UM_PER_PIXEL))

    @pytest.mark.parametrize("centre", [(80, 80), (300, 200), (60, 420), (440, 440)])
    def test_the_map_peaks_where_the_lesion_lies(self, monkeypatch, reader, centre):
        """A stub's evidence is darkness, so that only the geometry is tested; a tile has 50 pixels of 4 um."""

        def darkness(patches):
            dark = 255 - patches.astype(np.float32).mean(axis=3)
            evidence = dark.reshape(len(patches), 4, SIDE // 4, 4, SIDE // 4).mean(axis=(2, 4))
            return evidence.mean(axis=(1, 2)), evidence

        monkeypatch.setattr(reader, "outputs", darkness)
        monkeypatch.setattr(reader, "_slope", 0.02)
        field = np.full((500, 500, 3), PINK, np.uint8)
        cv2.circle(field, centre[::-1], 20, (40, 10, 60), -1)
        reading = reader.read(field, 4.0)
        tumour = reading.tumour
        peak = np.array(np.unravel_index(tumour.argmax(), tumour.shape)) * CELL * UM_PER_PIXEL / 4.0
        assert np.abs(peak - centre).max() <= 50
        regions = regions_of(reading, 0.0, 4.0, field.shape)
        assert len(regions) == MOST_REGIONS
        first = regions[0]
        assert abs(first.x + first.width / 2 - centre[1]) <= 50
        assert abs(first.y + first.height / 2 - centre[0]) <= 50
        assert all(r.x + r.width <= 500 and r.y + r.height <= 500 for r in regions)
        corners = np.array([(r.x, r.y) for r in regions])
        apart = np.abs(corners[:, None] - corners[None]).max(axis=2)
        assert apart[~np.eye(len(regions), dtype=bool)].min() >= first.width - 1

    def test_what_was_not_read_says_nothing_of_its_neighbours(self):
        was_read = np.zeros((20, 20), bool)
        was_read[:, :8] = True
        smoothed = _smoothed(np.where(was_read, 3.0, 0.0).astype(np.float32), was_read)
        np.testing.assert_allclose(smoothed[was_read], 3.0, rtol=1e-5)

    def test_a_patch_is_read_alike_however_it_lies(self, reader):
        patch = np.random.default_rng(0).integers(60, 220, (SIDE, SIDE, 3), np.uint8)
        readings = [reader.read(turned(patch[None], i)[0], UM_PER_PIXEL) for i in range(COUNT)]
        one = reader._calibrated(reader.outputs(np.concatenate([turned(patch[None], i) for i in range(COUNT)]))[0])
        assert np.ptp(one) > 1e-4, "the network itself tells orientations apart"
        for i, reading in enumerate(readings):
            np.testing.assert_allclose(reading.probabilities, readings[0].probabilities, atol=1e-5)
            np.testing.assert_allclose(turned_back(reading.tumour[None], i)[0], readings[0].tumour, atol=1e-4)


class TestStatistics:
    def test_are_the_same_in_every_orientation(self):
        square = np.random.default_rng(0).integers(60, 220, (1, SIDE, SIDE, 3), np.uint8)
        described = square_statistics(np.concatenate([turned(square, i) for i in range(COUNT)]))
        np.testing.assert_allclose(described, described[:1].repeat(COUNT, axis=0), atol=1e-3)

    def test_do_not_depend_on_other_squares(self):
        squares = np.random.default_rng(0).integers(60, 220, (70, SIDE, SIDE, 3), np.uint8)
        np.testing.assert_allclose(square_statistics(squares)[66:67], square_statistics(squares[66:67]), atol=1e-4)
        assert square_statistics(squares[:0]).shape == (0, 67)

    def test_of_any_picture_are_finite(self):
        flat = np.stack([np.full((SIDE, SIDE, 3), value, np.uint8) for value in (0, 128, 255)])
        assert np.isfinite(square_statistics(flat)).all()


class TestOutOfDistribution:
    def test_other_features_are_far_and_new_patients_are_not(self):
        rng = np.random.default_rng(0)
        mixing = rng.normal(size=(6, 6))

        def drawn(source: int, away: float = 0.0, look: float = 0.0):
            return rng.normal(size=(4, 6)) @ mixing + 3 * source + away, rng.normal(size=5) - source + look

        fields = [drawn(i % 2) for i in range(300)]
        sources = ["a" if i % 2 else "b" for i in range(300)]
        looks = np.stack([look for _, look in fields])
        tissue = fit_training_tissue([f for f, _ in fields], looks, sources, [str(i // 3) for i in range(300)])
        again = type(tissue).from_arrays(tissue.arrays())
        new = [again.unlike(*drawn(i % 2)) for i in range(200)]
        assert np.mean(np.array(new) >= FAR) < 0.08
        assert again.unlike(*drawn(0, away=40)) == again.unlike(*drawn(0, look=40)) == 1.0

    def test_widens_not_sure_until_it_is_everything(self):
        usual = Thresholds(low=0.2, high=0.7)
        assert widened(usual, None) == widened(usual, tissue_of(0.5)) == usual
        some = widened(usual, tissue_of(0.95))
        assert 0 < some.low < 0.2
        assert 0.7 < some.high < 1
        assert {widened(usual, tissue_of(u)).assess(p) for u in (FAR, 1.0) for p in (0.001, 0.999)} == {"not_sure"}


class TestScale:
    def test_a_given_scale_precedes_that_of_the_file_and_the_file_precedes_the_magnification(self):
        assert scale_of(info(um_per_pixel=0.25), 0.5, "100X", lambda: 1.2) == (0.25, "given")
        assert scale_of(info(), None, "100X", lambda: 1.2) == (0.48, "magnification")
        assert scale_of(info(), None, None, lambda: None) is None

    def test_the_classifier_reads_known_scales_that_are_fine_enough(self):
        assert not is_classified(None)
        assert not is_classified(Scale(4.0, "given"))
        assert is_classified(Scale(1.2, "estimated"))


class TestResult:
    def test_of_a_patch_of_50_pixels_says_what_can_be_read_of_it(self, pipeline, data_folder, monkeypatch):
        patch = next(f for f in read_source(data_folder / "idc").fields if f.target).pixels()
        assert patch.shape == (50, 50, 3)
        monkeypatch.setattr(type(pipeline._gate), "check", lambda _, field: gate_features(field))
        result = pipeline.analyse(encoded(patch), info(um_per_pixel=4.0), no_progress).result
        assert result.assessment == "not_sure"
        assert [n.code for n in result.notices] == ["scale_too_coarse"], "nobody sees how the classifier read it"
        assert result.shown_probability is None, "the classifier's number means nothing here"
        assert result.heat_map is None, "nor does its map"
        row = row_of(Outcome(Path("patch.png"), result=result))
        assert (row["probability_malignant"], row["label"], row["assessment"]) == (None, None, "not_sure")
        assert (result.tissue.um_per_pixel, result.tissue.scale_source) == (4.0, "given")
        assert 0 < result.tissue.probability_tumour < 1

    @pytest.mark.parametrize("side", [50, 200, 440])
    @pytest.mark.parametrize("number", [0.001, 0.999])
    def test_of_a_field_whose_scale_nobody_knows_is_never_certain(
        self, pipeline, field_pixels, monkeypatch, side, number
    ):
        monkeypatch.setattr(type(pipeline._gate), "check", lambda _, field: gate_features(field))
        monkeypatch.setattr(pipeline, "_calibrated", lambda logits: np.full(np.shape(logits) or 1, number, np.float32))
        part = np.ascontiguousarray(field_pixels[0][:side, :side])
        analysis = pipeline.analyse(encoded(part), info(), no_progress)
        result = analysis.result
        assert [n.code for n in result.notices] == ["scale_unknown"]
        assert (result.assessment, result.shown_probability) == ("not_sure", None)
        assert result.probability_malignant == pytest.approx(number), "API v1 promises a number"
        assert (result.heat_map, list(analysis.files)) == (None, [result.display.file])
        row = row_of(Outcome(Path("part.png"), result=result))
        assert (row["probability_malignant"], row["label"]) == (result.probability_malignant, None)

    def test_of_a_field_of_the_camera_is_as_certain_without_a_scale(self, pipeline, field_pixels):
        result = pipeline.analyse(encoded(field_pixels[0]), info(), no_progress).result
        assert [n.code for n in result.notices] == ["scale_estimated"]
        assert result.assessment == result.thresholds.assess(result.shown_probability)

    def test_of_a_coarse_field_holds_the_map_and_regions(self, pipeline, fields, monkeypatch):
        monkeypatch.setattr(
            type(pipeline._gate), "check", lambda _, field: gate_features(field)
        )  # drawn glass is too even for it
        coarse = decode_rgb(next(f for f in fields if f.magnification == "40X").path.read_bytes())
        wide = np.concatenate([coarse, np.full_like(coarse, 250)], axis=1)  # the right half is glass
        analysis = pipeline.analyse(encoded(wide), info(magnification="40X"), no_progress)
        result = analysis.result
        assert result.tissue.model == "tissue-lite0 1.3.0"
        assert (result.tissue.um_per_pixel, result.tissue.scale_source) == (1.2, "magnification")
        assert result.heat_map.kind == "tumour"
        heat = cv2.imdecode(np.frombuffer(analysis.files[result.heat_map.file], np.uint8), cv2.IMREAD_UNCHANGED)
        assert heat.shape == wide.shape[:2]
        assert heat[:, :660].max() > 0
        assert heat[:, 700:].max() == 0
        assert all(region.x + region.width / 2 < 700 for region in result.tissue.regions)
        assert Result.model_validate_json(result.model_dump_json()) == result

    def test_of_a_small_field_keeps_the_map_of_evidence(self, pipeline, field_pixels):
        assert MAPPED_UM > 460 * 0.48
        result = pipeline.analyse(encoded(field_pixels[0]), info(magnification="100X"), no_progress).result
        assert result.heat_map.kind == "evidence"
        assert result.tissue.regions == []

    @pytest.mark.parametrize("magnification", [None, "400X"])
    def test_of_a_field_without_scale_or_of_half_a_square_holds_no_tissue(self, pipeline, field_pixels, magnification):
        known = info(magnification=magnification)
        other_camera = field_pixels[0][:440]
        assert pipeline.analyse(encoded(other_camera), known, no_progress).result.tissue is None

    def test_a_files_scale_counts_before_a_magnification_that_differs(self, pipeline, field_pixels):
        tiff = encoded(field_pixels[0], format="TIFF", resolution=10_000 / 0.48, resolution_unit=3)
        said = pipeline.analyse(tiff, info(magnification="40X"), no_progress).result
        assert (said.tissue.um_per_pixel, said.tissue.scale_source) == (0.48, "file")
        assert [n.code for n in said.notices] == ["scale_in_file"]
        by_magnification = pipeline.analyse(encoded(field_pixels[0]), info(magnification="100X"), no_progress).result
        assert said.probability_malignant == by_magnification.probability_malignant

    def test_of_a_field_that_is_unlike_is_never_certain(self, pipeline, field_pixels, monkeypatch):
        monkeypatch.setattr(type(pipeline._tissue._training), "unlike", lambda *_: 1.0)
        monkeypatch.setattr(windows, "MOST_SQUARES", 1)
        result = pipeline.analyse(encoded(field_pixels[0]), info(magnification="100X"), no_progress).result
        assert result.assessment == "not_sure"
        assert result.thresholds == pipeline.manifest.thresholds
        assert [n.code for n in result.notices] == ["unlike_training", "tissue_sampled"]
        assert result.shown_probability is None
        row = row_of(Outcome(Path("field.png"), result=result))
        assert row["label"] is None
        assert row["probability_malignant"] == result.probability_malignant, "measurements need it"

    def test_of_a_field_that_is_less_alike_says_why_it_is_not_sure(self, pipeline, field_pixels, monkeypatch):
        monkeypatch.setattr(type(pipeline._tissue._training), "unlike", lambda *_: 0.9799)
        result = pipeline.analyse(encoded(field_pixels[0]), info(magnification="100X"), no_progress).result
        sure = result.thresholds.assess(result.probability_malignant) != "not_sure"
        assert result.assessment == "not_sure"
        assert result.thresholds == pipeline.manifest.thresholds
        assert [n.code for n in result.notices] == ["tissue_doubted"] * sure

    def test_that_marks_what_the_assessment_clears_says_so(self, pipeline, field_pixels, monkeypatch):
        highest = pipeline.analyse(encoded(field_pixels[0]), info(magnification="40X"), no_progress).result.tissue
        monkeypatch.setattr(pipeline, "_calibrated", lambda logits: np.full(np.shape(logits) or 1, 0.01, np.float32))
        for marked in (True, False):
            monkeypatch.setattr(pipeline._tissue, "mark_from", highest.probability_tumour * 0.99 if marked else 1.0)
            result = pipeline.analyse(encoded(field_pixels[0]), info(magnification="40X"), no_progress).result
            assert (result.assessment, bool(result.tissue.regions)) == ("no_sign_of_malignancy", marked)
            told = [notice for notice in result.notices if notice.code == "tumour_map_disagrees"]
            assert [notice.values for notice in told] == [
                {"percent": f"{region.probability_tumour:.0%}"} for region in result.tissue.regions[:1]
            ]

    def test_the_map_names_the_packages_figures_in_both_languages(self, reader):
        drawn = describe_map(reader.package.manifest, "map.png")
        assert "AUC 0.925 (0.914 to 0.936)" in drawn.method
        assert "AUC 0.53 and 0.62" in drawn.meaning
        assert all(number in package_sentence("zh", drawn.method) for number in ("192", "0.925", "0.914", "0.936"))
        assert all(number in package_sentence("zh", drawn.meaning) for number in ("0.53", "0.62"))
