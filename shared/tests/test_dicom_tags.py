"""Optional tags that are odd never keep a film from being read; what could not be used is said."""

import numpy as np
import pytest

from lobule.imaging.dicom.reader import read_dicom


def codes(film):
    return {notice.code for notice in film.notices}


def put(tag, representation, value):
    return lambda dataset: dataset.add_new(tag, representation, value)


def replaced(data, old, new):
    assert data.count(old) == 1
    assert len(old) == len(new)
    return data.replace(old, new)


NEVER_FATAL = {
    "spacing of one value": put(0x00280030, "DS", ["0.07"]),
    "spacing of three values": put(0x00280030, "DS", ["0.07", "0.07", "0.07"]),
    "spacing of zero": put(0x00280030, "DS", ["0", "0"]),
    "spacing as a text": put(0x00280030, "LO", "unknown"),
    "spacing as a sequence": put(0x00280030, "SQ", []),
    "rescale empty": lambda d: (put(0x00281052, "DS", None)(d), put(0x00281053, "DS", None)(d)),
    "rescale of slope zero": put(0x00281053, "DS", "0"),
    "rescale as binary numbers": put(0x00281053, "FD", 1.0),
    "VOI function empty": put(0x00281056, "CS", ""),
    "VOI function unknown": put(0x00281056, "CS", "GAMMA"),
    "window of width 0": put(0x00281051, "DS", "0"),
    "window of negative width": put(0x00281051, "DS", "-5"),
    "two centres, one width": put(0x00281050, "DS", ["1000", "2000"]),
    "window far from every value": put(0x00281050, "DS", "-90000"),
    "window explanation too long": put(0x00281055, "LO", "x" * 64),
    "view codes as a text": put(0x00540220, "LO", "R-10242"),
    "view codes as bytes": put(0x00540220, "OB", b"\1\2\3\4"),
    "VOI LUT without items": put(0x00283010, "SQ", []),
    "VOI LUT as a text": put(0x00283010, "LO", "none"),
    "modality LUT as a text": put(0x00283000, "LO", "none"),
    "laterality of a word": put(0x00200062, "CS", "BREAST"),
    "orientation of one value": put(0x00200020, "CS", "A"),
    "orientation of junk": put(0x00200020, "CS", ["1", "2"]),
    "magnification of nothing": put(0x00181114, "DS", "0"),
    "padding as a text": put(0x00280120, "LO", "black"),
    "dates of words": put(0x00080020, "DA", "19990101"),
    "name in latin-1 without a character set": put(0x00100010, "LO", "M\xfcller^Anna"),
    "private junk": put(0x00191001, "OB", b"\xff" * 5000),
    "high bit beyond the cell": put(0x00280102, "US", 99),
    "planar configuration of grey": put(0x00280006, "US", 7),
}


@pytest.mark.parametrize("oddity", NEVER_FATAL)
@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
def test_odd_tags_are_never_fatal_and_change_no_pixel(oddity, film_file, draw_film):
    film = read_dicom(film_file(edit=NEVER_FATAL[oddity]))
    assert np.array_equal(film.pixels, draw_film())


@pytest.mark.parametrize(
    ("oddity", "code"),
    [
        ("spacing of one value", "spacing_uncertain"),
        ("magnification of nothing", "spacing_uncertain"),
        ("rescale of slope zero", "rescale_unusable"),
        ("modality LUT as a text", "rescale_unusable"),
        ("VOI function unknown", "window_unusable"),
        ("window of width 0", "window_unusable"),
        ("two centres, one width", "window_unusable"),
        ("window far from every value", "window_unusable"),
        ("VOI LUT as a text", "window_unusable"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
def test_what_could_not_be_used_is_said(oddity, code, film_file):
    assert code in codes(read_dicom(film_file(edit=NEVER_FATAL[oddity])))


def test_a_usual_film_has_nothing_to_say(film_file):
    assert read_dicom(film_file()).notices == []


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
def test_decimal_commas_are_read(film_file):
    spaced = read_dicom(replaced(film_file(ImagerPixelSpacing=[0.111, 0.111]), b"0.111\\0.111", b"0,111\\0,111"))
    assert spaced.pixel_spacing_mm == (0.111, 0.111)
    assert "spacing_uncertain" in codes(spaced)
    windowed = read_dicom(replaced(film_file(WindowCenter="2048.5"), b"2048.5", b"2048,5"))
    assert windowed.window is not None
    assert (windowed.window.low, windowed.window.high) == (2048.5 - 0.5 - 4095 / 2, 2048.5 - 0.5 + 4095 / 2)


class TestSpacing:
    @pytest.mark.parametrize(
        ("tags", "spacing", "plane"),
        [
            ({}, 0.1, "detector"),
            ({"EstimatedRadiographicMagnificationFactor": "1.25"}, 0.08, "patient"),
            ({"PixelSpacing": [0.09, 0.09]}, 0.09, "patient"),
            ({"PixelSpacing": [0.1, 0.1]}, 0.1, "detector"),
            ({"PixelSpacing": [0.1, 0.1], "PixelSpacingCalibrationType": "GEOMETRY"}, 0.1, "patient"),
            ({"PixelSpacing": [0.1, 0.1], "ImagerPixelSpacing": None}, 0.1, None),
            ({"ImagerPixelSpacing": None, "NominalScannedPixelSpacing": [0.05, 0.05]}, 0.05, None),
            ({"PixelSpacing": ["0.07"], "ImagerPixelSpacing": None}, 0.07, None),
            ({"PixelSpacing": ["0.07"]}, 0.1, "detector"),
        ],
    )
    @pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
    def test_millimetres_and_where_they_hold(self, tags, spacing, plane, film_file):
        calibration = tags.pop("PixelSpacingCalibrationType", None)
        film = read_dicom(film_file(edit=lambda d: calibration and d.add_new(0x00280A02, "CS", calibration), **tags))
        assert film.pixel_spacing_mm == pytest.approx((spacing, spacing))
        assert film.spacing_plane == plane

    def test_pixels_several_times_as_long_as_wide_are_a_wrong_entry(self, film_file):
        film = read_dicom(film_file(ImagerPixelSpacing=[0.05, 0.5]))
        assert film.pixel_spacing_mm is None
        assert "spacing_uncertain" in codes(film)
        assert read_dicom(film_file(ImagerPixelSpacing=[0.1, 0.15])).pixel_spacing_mm == (0.1, 0.15)

    def test_none_is_known_without_tags(self, film_file):
        assert read_dicom(film_file(ImagerPixelSpacing=None)).pixel_spacing_mm is None

    @pytest.mark.parametrize(
        ("ratio", "aspect", "uncertain"),
        [
            (["1", "2"], 0.5, False),
            (["3", "2"], 1.5, False),
            (["1", "1"], None, False),
            (None, None, False),
            (["1", "0"], None, True),
            (["1", "9"], None, True),
            (["2"], None, True),
        ],
    )
    def test_the_shape_of_pixels_is_known_without_their_size(self, ratio, aspect, uncertain, film_file):
        film = read_dicom(film_file(ImagerPixelSpacing=None, PixelAspectRatio=ratio))
        assert (film.pixel_aspect, "spacing_uncertain" in codes(film)) == (aspect, uncertain)
        assert film.pixel_sides == (aspect and (aspect, 1.0))
        spaced = read_dicom(film_file(PixelAspectRatio=ratio))
        assert (spaced.pixel_aspect, spaced.pixel_sides) == (None, (0.1, 0.1)), "the spacing says more"
