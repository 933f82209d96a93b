"""Stored samples become measured values whatever their layout; windows and tables of presentation never touch them."""

import subprocess
import sys

import numpy as np
import pytest
from dicom_reading import codes, in_file_units
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from lobule.imaging.dicom.reader import read_dicom
from lobule.imaging.display import first_look

DIGITAL, CAPTURE = "1.2.840.10008.5.1.4.1.1.1.2", "1.2.840.10008.5.1.4.1.1.7"


def table(first, entries, bits=16):
    item = Dataset()
    item.LUTDescriptor = [len(entries) % 65536, first, bits]
    item.add_new("LUTData", "OW", np.asarray(entries, "<u2").tobytes())
    return Sequence([item])


class TestPresentation:
    @pytest.mark.parametrize(("centre", "width"), [(2048, 4096), (1500, 2400), (1000, 1200), (6000, 12000)])
    def test_a_window_changes_no_pixel(self, centre, width, film_file, draw_film):
        film = read_dicom(film_file(WindowCenter=centre, WindowWidth=width))
        assert np.array_equal(film.pixels, draw_film())
        assert film.window is not None
        assert (film.window.low, film.window.high) == (centre - width / 2, centre + width / 2 - 1)
        assert first_look(film) == film.window

    def test_windows_keep_their_names_and_order(self, film_file):
        names = ["SOFTER", "HARDER"]
        film = read_dicom(
            film_file(WindowCenter=[2000, 1500], WindowWidth=[3000, 500], WindowCenterWidthExplanation=names)
        )
        assert [window.name for window in film.windows] == names

    @pytest.mark.parametrize("function", ["SIGMOID", "LINEAR_EXACT"])
    def test_other_functions_have_their_own_ends(self, function, film_file):
        film = read_dicom(film_file(WindowCenter=2000, WindowWidth=1000, VOILUTFunction=function))
        assert film.window is not None
        assert (film.window.low, film.window.high) == (1500, 2500)

    def test_a_voi_table_is_the_window_over_which_it_rises(self, film_file, draw_film):
        rising = np.clip((np.arange(4096) - 1000) / 1000, 0, 1) * 65535
        film = read_dicom(film_file(WindowCenter=None, WindowWidth=None, VOILUTSequence=table(0, rising)))
        assert np.array_equal(film.pixels, draw_film())
        assert film.window is not None
        assert (film.window.low, film.window.high) == pytest.approx((1000, 2000), abs=25)

    def test_a_table_that_does_not_rise_is_noted_beside_a_window_too(self, film_file):
        film = read_dicom(film_file(WindowCenter=2000, WindowWidth=1000, VOILUTSequence=table(0, [7] * 4096)))
        assert len(film.windows) == 1
        assert "window_unusable" in codes(film)

    def test_rescaling_is_kept_beside_the_pixels_and_windows_follow_it(self, film_file, draw_film):
        film = read_dicom(film_file(RescaleSlope=2, RescaleIntercept=-100, WindowCenter=1000, WindowWidth=801))
        assert np.array_equal(in_file_units(film), 2.0 * draw_film() - 100)
        assert film.window is not None
        assert (film.window.low, film.window.high) == pytest.approx(((599.5 + 100) / 2, (1399.5 + 100) / 2))

    def test_a_modality_table_is_measurement(self, film_file, draw_film):
        squares = np.arange(4096) ** 2 // 256
        film = read_dicom(film_file(ModalityLUTSequence=table(0, squares)))
        assert np.array_equal(film.pixels, squares[draw_film()])

    def test_without_a_window_the_whole_range_of_tissue_is_shown(self, film_file):
        film = read_dicom(film_file(WindowCenter=None, WindowWidth=None))
        assert film.windows == ()
        assert codes(film) == {"no_window"}
        look = first_look(film)
        assert film.pixels.min() <= look.low < look.high <= film.pixels.max()


class TestTissueIsBright:
    def test_monochrome1_is_inverted_within_the_stored_range(self, film_file, draw_film):
        dark = 4095 - draw_film()
        film = read_dicom(film_file(dark, PhotometricInterpretation="MONOCHROME1", WindowCenter=1000, WindowWidth=801))
        assert np.array_equal(film.pixels, draw_film())
        assert np.array_equal(in_file_units(film), dark)
        assert film.window is not None
        assert (film.window.low, film.window.high) == (4095 - 1399.5, 4095 - 599.5)

    def test_a_falling_rescale_is_inverted_too(self, film_file, draw_film):
        film = read_dicom(film_file(4095 - draw_film(), RescaleSlope=-1, RescaleIntercept=4095))
        assert np.array_equal(film.pixels, draw_film())

    @pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
    def test_a_photometric_interpretation_that_the_film_contradicts(self, photometric, film_file, draw_film):
        stored = draw_film() if photometric == "MONOCHROME1" else 4095 - draw_film()
        film = read_dicom(film_file(stored, PhotometricInterpretation=photometric))
        assert np.array_equal(film.pixels, draw_film())
        assert np.array_equal(in_file_units(film), stored)
        assert "film_inverted" in codes(film)

    @pytest.mark.parametrize(("photometric", "shape"), [("MONOCHROME1", "INVERSE"), ("MONOCHROME2", "IDENTITY")])
    def test_tissue_that_fills_the_detector_is_no_negative_where_its_polarity_is_stated(
        self, photometric, shape, film_file, draw_film
    ):
        tissue = np.full_like(draw_film(), 3900)
        tissue[:, : tissue.shape[1] // 10] = 100
        stored = 4095 - tissue if photometric == "MONOCHROME1" else tissue
        digital = {"SOPClassUID": DIGITAL, "PhotometricInterpretation": photometric}
        stated = read_dicom(film_file(stored, **digital, PresentationLUTShape=shape))
        assert np.array_equal(stated.pixels, tissue)
        assert codes(stated) & {"film_inverted", "polarity_doubted"} == {"polarity_doubted"}
        other = "IDENTITY" if shape == "INVERSE" else "INVERSE"
        for tags in ({}, {"PresentationLUTShape": other}, {"PresentationLUTShape": shape, "SOPClassUID": CAPTURE}):
            guessed = read_dicom(film_file(stored, **(digital | tags)))
            assert codes(guessed) & {"film_inverted", "polarity_doubted"} == {"film_inverted"}


class TestPadding:
    @pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
    @pytest.mark.parametrize(("value", "limit"), [(65535, None), (65000, 65535), (65535, 65000), (0, None)])
    def test_is_left_out_and_as_dark_as_the_darkest_tissue(self, photometric, value, limit, film_file, draw_film):
        plain = draw_film().astype(np.uint16) + 1
        padding = plain < 200
        stored = (4097 - plain if photometric == "MONOCHROME1" else plain).astype(np.uint16)
        stored[padding] = value

        def edit(dataset):
            dataset.add_new(0x00280120, "US", value)
            if limit is not None:
                dataset.add_new(0x00280121, "US", limit)

        film = read_dicom(
            film_file(
                stored, bits=16, edit=edit, PhotometricInterpretation=photometric, WindowCenter=None, WindowWidth=None
            )
        )
        assert film.valid is not None
        assert np.array_equal(film.valid, ~padding)
        assert film.pixels[padding].max() == film.pixels[~padding].min() == film.pixels.min()
        assert np.ptp(film.pixels) == np.ptp(plain[~padding])
        assert film.percentiles((100,))[0] == film.pixels[~padding].max()

    def test_beyond_the_stored_bits(self, film_file, draw_film):
        stored = draw_film()
        stored[:20] = 65535
        film = read_dicom(film_file(stored, edit=lambda d: d.add_new(0x00280120, "US", 65535)))
        assert film.valid is not None
        assert not film.valid[:20].any()
        assert film.valid[20:].all()
        assert film.pixels.max() < 4096

    def test_of_signed_samples_written_as_unsigned(self, film_file, draw_film):
        stored = draw_film().astype(np.int16)
        stored[:20] = -2000
        film = read_dicom(
            film_file(stored, bits=16, PixelRepresentation=1, edit=lambda d: d.add_new(0x00280120, "US", 63536))
        )
        assert film.valid is not None
        assert not film.valid[:20].any()

    def test_that_would_leave_nothing_is_ignored_and_said(self, film_file, draw_film):
        def edit(dataset):
            dataset.add_new(0x00280120, "US", 0)
            dataset.add_new(0x00280121, "US", 4095)

        film = read_dicom(film_file(edit=edit))
        assert film.valid is None
        assert "padding_unusable" in codes(film)


def test_the_gateway_reads_headers_without_numpy_or_a_codec():
    code = (
        "import sys, lobule.imaging.header as h; "
        "print([m for m in ('numpy', 'pydicom', 'imagecodecs', 'PIL') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
