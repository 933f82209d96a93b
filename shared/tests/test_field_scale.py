"""Micrometres a pixel that a field's file states."""

import io

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from lobule.decoding.images import read_field
from lobule.imaging.field_scale import scale_in_file

PIXELS = np.random.default_rng(0).integers(0, 255, (80, 90, 3), dtype=np.uint8)


def tiff(across: float | None = None, down: float | None = None, unit: int | None = None, text: str = "") -> bytes:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in ((282, across), (283, down), (296, unit), (270, text or None)):
        if value is not None:
            tags[tag] = value
    stream = io.BytesIO()
    Image.fromarray(PIXELS).save(stream, "TIFF", tiffinfo=tags)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "scale"),
    [
        (tiff(20_000, 20_000, 3), 0.5),
        (tiff(101_600, 101_600, 2), 0.25),
        (tiff(20_000, 20_000, 3, "Aperio Image|AppMag = 20|MPP = 0.4990|Left = 25"), 0.499),
        (tiff(text="Aperio Image|MPP = 0.2508"), 0.2508),
        (tiff(72, 72, 2), None),  # of a screen
        (tiff(2_400, 2_400, 2), None),  # of a scanner of paper
        (tiff(4_800, 4_800, 2), None),  # of a flatbed scanner
        (tiff(1_259.84, 1_259.84, 3), None),  # 3,200 dots an inch
        (tiff(3_175, 3_175, 2), 8.0),
        (tiff(20_000, 10_000, 3), None),
        (tiff(20_000, 20_000, 1), None),  # of no unit
        (tiff(0, 0, 3), None),
        (tiff(text="Aperio Image|MPP = 99.5"), None),
        (tiff(), None),
    ],
)
def test_is_read_where_a_microscope_can_have_it(data, scale):
    assert scale_in_file(data) == (None if scale is None else pytest.approx(scale))
    read = read_field(data)
    assert read.um_per_pixel == scale_in_file(data)
    np.testing.assert_array_equal(read.pixels, PIXELS)


def test_a_damaged_tag_hides_the_scale_and_not_the_field():
    data = bytearray(tiff(20_000, 20_000, 3))
    unit = data.index(bytes((0x28, 0x01)))  # tag 296
    data[unit + 2] = 2  # a text instead of a number
    assert scale_in_file(bytes(data)) is None
    assert read_field(bytes(data)).um_per_pixel is None


def test_other_formats_state_none():
    stream = io.BytesIO()
    Image.fromarray(PIXELS).save(stream, "PNG", dpi=(50_800, 50_800))
    assert scale_in_file(stream.getvalue()) is None
