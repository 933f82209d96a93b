"""Films as PNG, TIFF and JPEG: read with their depth, their sign and their right side up."""

import io

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from lobule.errors import AnalysisError
from lobule.imaging.read_film import read_film


def as_png(pixels):
    return cv2.imencode(".png", pixels)[1].tobytes()


def as_tiff(pixels, **options):
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, **options)
    return stream.getvalue()


@pytest.mark.parametrize("bits", [8, 16])
def test_png_keeps_its_depth(bits, draw_film):
    pixels = draw_film(bits=bits)
    assert np.array_equal(read_film(as_png(pixels)).pixels, pixels)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_tiff_keeps_its_depth(bits, compression, draw_film):
    pixels = draw_film(bits=bits)
    film = read_film(as_tiff(pixels, compression=compression, photometric="minisblack"))
    assert np.array_equal(film.pixels, pixels)


def test_tiff_where_white_is_zero(draw_film):
    pixels = draw_film(bits=16)
    film = read_film(as_tiff((65535 - pixels).astype(np.uint16), photometric="miniswhite"))
    assert np.array_equal(film.pixels, pixels)


def test_negative_is_inverted_and_told(draw_film):
    film = read_film(as_png((255 - draw_film(bits=8)).astype(np.uint8)))
    assert [n.code for n in film.notices] == ["film_inverted"]
    assert np.array_equal(film.pixels, draw_film(bits=8))


@pytest.mark.parametrize("negative", [False, True])
def test_film_in_16_bits_of_ink_has_8_bits_of_grey(negative, draw_film):
    pixels = draw_film(bits=16)
    ink = pixels if negative else (65535 - pixels).astype(np.uint16)
    film = read_film(as_tiff(np.dstack([ink, ink, ink, np.zeros_like(ink)]), photometric="separated"))
    assert (film.pixels.dtype, film.bits) == (np.uint8, 8)
    assert [n.code for n in film.notices] == ["film_inverted"] * negative
    assert np.abs(film.pixels.astype(int) - (pixels >> 8)).max() <= 1


def test_a_white_frame_makes_no_negative(draw_film):
    pixels = draw_film(height=480, width=300, bits=8)
    framed = pixels.copy()
    framed[:14] = framed[-14:] = 250
    framed[:, :14] = framed[:, -14:] = 250
    film = read_film(as_png(framed))
    assert film.notices == []
    assert np.array_equal(film.pixels, framed)


def test_colour_is_measured(draw_film):
    grey = np.repeat(draw_film(bits=8)[:, :, None], 3, axis=2)
    assert read_film(as_png(grey)).colourfulness == 0
    grey[..., 0] //= 3
    assert read_film(as_png(grey)).colourfulness > 0.05


def test_truncated_16_bit_png_is_told(draw_film):
    data = as_png(draw_film(bits=16))
    with pytest.raises(AnalysisError, match="ends before its last pixel"):
        read_film(data[:60])


def test_float_tiff_is_refused_with_its_type(draw_film):
    with pytest.raises(AnalysisError, match="floating-point"):
        read_film(as_tiff(draw_film().astype(np.float32)))


def test_exif_orientation_is_applied(draw_film):
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(draw_film(bits=8)).save(stream, "JPEG", quality=95, exif=exif)
    assert read_film(stream.getvalue()).pixels.shape == (150, 240)
