import gzip
import io

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from lobule.contracts.pictures import PictureFacts
from lobule.errors import AnalysisError
from lobule.layout import FACTS_FILE, PREVIEW_FILE, SAMPLES_FILE
from lobule.storage import open_store
from report import film_view as pictures
from report.film_view import PREVIEW_SIDE, draw_picture
from report.picture_handler import PictureHandler


def film(height=300, width=200, kind=np.uint16):
    """A bright half disc at the left of a dark film."""
    y, x = np.mgrid[:height, :width]
    tissue = np.clip(1 - np.hypot(x / width, (y - height / 2) / (height / 2)), 0, 1)
    return (tissue * (4000 if kind is np.uint16 else 200)).astype(kind)


def as_png(pixels):
    return cv2.imencode(".png", pixels)[1].tobytes()


def opened(data):
    return np.asarray(Image.open(io.BytesIO(data)))


def stored_values(files, shape):
    return np.frombuffer(gzip.decompress(files[SAMPLES_FILE]), "<u2").reshape(shape)


class TestPreview:
    def test_a_16_bit_film_is_shown_over_its_range(self):
        facts, files = draw_picture(as_png(film()), "preview")
        shown = opened(files[PREVIEW_FILE])
        assert (facts.width, facts.height, facts.bits, facts.modality) == (200, 300, 16, "mammography")
        assert shown.shape == (300, 200)
        assert shown.max() > 240
        assert shown[:, -1].max() < 12

    def test_a_coloured_tiff_is_taken_for_tissue(self):
        stream = io.BytesIO()
        tifffile.imwrite(stream, np.full((90, 100, 3), (200, 120, 180), np.uint8), photometric="rgb")
        facts, files = draw_picture(stream.getvalue(), "preview")
        assert facts.modality == "histopathology"
        assert np.abs(opened(files[PREVIEW_FILE]).mean(axis=(0, 1)) - (200, 120, 180)).max() < 3

    def test_a_large_one_is_shrunk_but_told_in_full(self):
        facts, files = draw_picture(as_png(film(3000, 2000)), "preview")
        assert (facts.width, facts.height) == (2000, 3000)
        assert max(opened(files[PREVIEW_FILE]).shape) == PREVIEW_SIDE

    def test_a_cut_off_file_is_refused(self):
        data = as_png(film())
        with pytest.raises(AnalysisError, match="ends before its last pixel"):
            draw_picture(data[: len(data) // 2], "preview")


class TestSamples:
    def test_every_sample_arrives_unchanged(self):
        pixels = film()
        facts, files = draw_picture(as_png(pixels), "samples")
        assert facts.samples is not None
        content = np.frombuffer(gzip.decompress(files[SAMPLES_FILE]), "<u2")
        assert np.array_equal(content.reshape(facts.samples.height, facts.samples.width), pixels)
        assert 0 <= facts.samples.low < facts.samples.high <= 4000

    def test_an_8_bit_film_that_the_display_image_holds_whole_has_none(self):
        facts, files = draw_picture(as_png(film(kind=np.uint8)), "samples")
        assert facts.samples is None
        assert files == {}

    def test_an_8_bit_film_that_is_larger_than_the_display_image_has_them(self):
        facts, files = draw_picture(as_png(film(2400, 1600, np.uint8)), "samples")
        assert facts.samples is not None
        assert (facts.samples.width, facts.samples.height) == (1600, 2400)
        assert facts.bits == 8
        assert SAMPLES_FILE in files

    def test_too_large_a_film_is_shrunk_to_the_bound(self, monkeypatch):
        monkeypatch.setattr(pictures, "MAX_SAMPLES", 10_000)
        facts, files = draw_picture(as_png(film()), "samples")
        assert facts.samples is not None
        assert facts.samples.width * facts.samples.height <= 10_000
        assert len(gzip.decompress(files[SAMPLES_FILE])) == 2 * facts.samples.width * facts.samples.height

    def test_samples_hold_the_stored_values_and_the_window_only_the_first_look(self, tmp_path, draw_film, write_dicom):
        pixels = draw_film(bits=12)
        tags = {
            "WindowCenter": [2000, 1000],
            "WindowWidth": [1001, 301],
            "WindowCenterWidthExplanation": ["NORMAL", "HARD"],
        }
        path = write_dicom(tmp_path / "a.dcm", pixels, 12, RescaleSlope=2, RescaleIntercept=-100, **tags)
        facts, files = draw_picture(path.read_bytes(), "samples")
        assert facts.samples is not None
        content = stored_values(files, pixels.shape)
        assert np.array_equal(content, pixels)
        assert facts.bits == 12
        assert (facts.samples.offset, facts.samples.step) == (-100, 2)
        low, high = (facts.samples.offset + end * facts.samples.step for end in (facts.samples.low, facts.samples.high))
        assert (low, high) == pytest.approx((1499.5, 2499.5), abs=1.01)
        assert [window.name for window in facts.samples.windows] == ["NORMAL", "HARD"]

    def test_a_film_that_stores_tissue_dark_is_shown_bright_and_can_be_computed_back(
        self, tmp_path, draw_film, write_dicom
    ):
        pixels = draw_film(bits=12)
        path = write_dicom(tmp_path / "a.dcm", 4095 - pixels, 12, PhotometricInterpretation="MONOCHROME1")
        facts, files = draw_picture(path.read_bytes(), "samples")
        assert facts.samples is not None
        content = stored_values(files, pixels.shape)
        assert np.array_equal(content, pixels)
        assert np.array_equal(facts.samples.offset + content * facts.samples.step, 4095 - pixels)

    def test_an_8_bit_film_with_a_window_of_its_own_has_samples_too(self, tmp_path, draw_film, write_dicom):
        path = write_dicom(tmp_path / "a.dcm", draw_film(bits=8), 8, WindowCenter=100, WindowWidth=50)
        facts, files = draw_picture(path.read_bytes(), "samples")
        assert facts.samples is not None
        assert SAMPLES_FILE in files

    def test_a_marker_brighter_than_tissue_does_not_decide_the_first_look(self):
        pixels = film()
        pixels[:24, 150:190] = 65535
        facts, _ = draw_picture(as_png(pixels), "samples")
        plain, _ = draw_picture(as_png(film()), "samples")
        assert facts.samples is not None
        assert plain.samples is not None
        assert facts.samples.high == pytest.approx(plain.samples.high, rel=0.05)


class TestHandler:
    @pytest.fixture
    def store(self, tmp_path):
        return open_store((tmp_path / "objects").as_uri())

    def test_leaves_picture_and_facts(self, store):
        store.put("images/a/original", as_png(film()))
        PictureHandler(store).draw("images/a/original", "images/a/film", "samples")
        facts = PictureFacts.model_validate_json(store.get(f"images/a/film/{FACTS_FILE}"))
        assert facts.error is None
        assert store.get(f"images/a/film/{SAMPLES_FILE}")

    @pytest.mark.parametrize("content", [b"", b"text" * 50, as_png(film())[:900]])
    def test_says_why_nothing_can_be_drawn(self, store, content):
        store.put("previews/u/a/original", content)
        PictureHandler(store).draw("previews/u/a/original", "previews/u/a", "preview")
        facts = PictureFacts.model_validate_json(store.get(f"previews/u/a/{FACTS_FILE}"))
        assert facts.error is not None
        assert facts.error.detail

    def test_a_file_that_is_gone_leaves_nothing(self, store):
        PictureHandler(store).draw("previews/u/b/original", "previews/u/b", "preview")
        with pytest.raises(LookupError):
            store.get(f"previews/u/b/{FACTS_FILE}")

    @pytest.mark.parametrize(("folder", "target"), [("images/a", "images/a/film"), ("previews/u/b", "previews/u/b")])
    def test_a_file_that_is_deleted_while_it_is_drawn_leaves_nothing(self, store, monkeypatch, folder, target):
        store.put(f"{folder}/original", as_png(film()))
        handler = PictureHandler(store)

        def draw_and_delete(*asked):
            drawn = PictureHandler._drawn(handler, *asked)
            store.delete(folder)
            return drawn

        monkeypatch.setattr(handler, "_drawn", draw_and_delete)
        handler.draw(f"{folder}/original", target, "samples")
        assert list(store.entries(folder)) == []
