"""Films and fields come out of the decoder process as they come out of the readers themselves."""

import zlib
from dataclasses import fields

import numpy as np
import pytest
from hostile_files import PICTURES, deflated_bomb, ihdr, larger_jpegls, png_of
from small_images import FORMATS, seeds

from lobule.decoding.images import decoder, read_field, read_film
from lobule.errors import AnalysisError
from lobule.imaging import read_field as field_reader
from lobule.imaging import read_film as film_reader

MOST_MB = 200
"""Resident memory of the decoder for files that are refused; before a file it has 120 MB."""


@pytest.mark.parametrize("file_format", FORMATS)
def test_films_are_the_same(file_format):
    for data in seeds(file_format):
        expected, film = film_reader.read_film(data), read_film(data)
        for each in fields(expected):
            found, wanted = getattr(film, each.name), getattr(expected, each.name)
            same = np.array_equal(found, wanted) if isinstance(wanted, np.ndarray) else found == wanted
            assert same, each.name
        assert film.pixels.flags.writeable


@pytest.mark.parametrize("file_format", [f for f in FORMATS if f != "dicom"])
def test_fields_are_the_same(file_format):
    for data in seeds(file_format):
        expected, field = field_reader.read_field(data), read_field(data)
        assert np.array_equal(field.pixels, expected.pixels)
        assert field.notices == expected.notices


def refusal(read, data: bytes) -> str:
    with pytest.raises(AnalysisError) as refused:
        read(data)
    return refused.value.code


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (PICTURES["TIFF of 20 layers"][0], "animated_image"),
        (PICTURES["TIFF with 60,000 directories"][0], "image_unreadable"),
        (lambda: deflated_bomb(300), "image_unreadable"),
        (larger_jpegls, "image_unreadable"),
    ],
    ids=["ImageDepth", "directories", "deflated", "JPEG-LS"],
)
def test_attacks_are_refused_within_bounds(make, code):
    assert refusal(read_film, make()) == code
    assert decoder.peak_mb < MOST_MB


def transparent_png_of_100_megapixels() -> bytes:
    press, rows = zlib.compressobj(1), bytes(100 * (1 + 4 * 10_000))
    pixels = b"".join(press.compress(rows) for _ in range(100)) + press.flush()
    return png_of(ihdr(10_000, 10_000, 8, 6), (b"IDAT", pixels), (b"IEND", b""))


def test_the_largest_picture_is_read_within_bounds():
    assert read_field(transparent_png_of_100_megapixels()).pixels.shape == (10_000, 10_000, 3)
    assert decoder.peak_mb < 1_000
    read_film(seeds("png")[0])
    assert decoder.peak_mb < MOST_MB, "nothing is kept of it"
