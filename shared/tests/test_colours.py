"""An embedded colour profile is applied: the same tissue has the same colours, whatever the camera calls them."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from lobule.imaging.decode import decode_rgb
from lobule.imaging.read_field import read_field
from lobule.imaging.read_film import read_film

FORMATS = {"PNG": {}, "TIFF": {"compression": "tiff_lzw"}, "JPEG": {"quality": 98, "subsampling": 0}}


def saved(pixels: np.ndarray, kind: str, profile: bytes | None, mode: str | None = None) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels, mode).save(stream, kind, icc_profile=profile, **FORMATS[kind])
    return stream.getvalue()


@pytest.fixture
def field(real_field) -> np.ndarray:
    return decode_rgb(real_field.read_bytes())


@pytest.mark.parametrize("kind", FORMATS)
def test_a_field_in_adobe_rgb_has_the_colours_of_its_twin(field, adobe_rgb, as_adobe_rgb, kind):
    twin = as_adobe_rgb(field)
    assert np.abs(twin.astype(int) - field).mean() > 3, "without its profile it looks different"
    read = read_field(saved(twin, kind, adobe_rgb))
    difference = np.abs(read.pixels.astype(int) - field)
    assert difference.mean() < (0.6 if kind != "JPEG" else 2)
    assert np.percentile(difference, 99) <= (3 if kind != "JPEG" else 12)
    assert read.notices == []


def test_a_profile_that_is_srgb_leaves_every_value(field):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(read_field(saved(field, "PNG", profile)).pixels, field)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_broken_profile_is_said_and_left_out(field, adobe_rgb, kind):
    for broken in (adobe_rgb[:100], b"no profile at all" * 20, adobe_rgb[:140] + b"\xff" * (len(adobe_rgb) - 140)):
        read = read_field(saved(field, kind, broken))
        assert [notice.code for notice in read.notices] == ["colour_profile_ignored"]
        if kind != "JPEG":
            assert np.array_equal(read.pixels, field)


def test_a_profile_for_other_colours_is_said_and_left_out(field, adobe_rgb):
    inks = Image.fromarray(field).convert("CMYK")
    stream = io.BytesIO()
    inks.save(stream, "TIFF", icc_profile=adobe_rgb)
    read = read_field(stream.getvalue())
    assert [notice.code for notice in read.notices] == ["colour_profile_ignored"]
    assert np.abs(read.pixels.astype(int) - field).mean() < 2


def test_a_profile_under_an_orientation_and_alpha(field, adobe_rgb, as_adobe_rgb):
    twin = np.dstack([as_adobe_rgb(field), np.full(field.shape[:2], 255, np.uint8)])
    exif = Image.Exif()
    exif[274] = 6
    stream = io.BytesIO()
    Image.fromarray(np.rot90(twin)).save(stream, "PNG", icc_profile=adobe_rgb, exif=exif)
    assert np.abs(read_field(stream.getvalue()).pixels.astype(int) - field).mean() < 0.6


def test_a_film_keeps_its_measured_values_whatever_profile_it_has(draw_film, adobe_rgb):
    film = draw_film(bits=8)
    thrice = np.repeat(film[:, :, None], 3, axis=2)
    assert np.array_equal(read_film(saved(thrice, "PNG", adobe_rgb)).pixels, film)
