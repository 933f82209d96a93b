"""Every kind of picture that programs write: read right, or refused with the true reason."""

import io
import struct

import imagecodecs
import numpy as np
import pytest
import tifffile
from picture_files import as_png, as_tiff, by_hand, saved
from PIL import Image

from lobule.imaging.header import read_header
from lobule.imaging.read_film import read_film

TURNS = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}


@pytest.fixture
def deep(draw_film):
    return draw_film(height=131, width=97, bits=16)


class TestOrientation:
    @pytest.mark.parametrize("tag", range(1, 9))
    @pytest.mark.parametrize("bits", [8, 16])
    @pytest.mark.parametrize("compression", [None, "zlib"])
    def test_tiff(self, draw_film, tag, bits, compression):
        film = draw_film(height=131, width=97, bits=bits)
        stored = np.ascontiguousarray(TURNS[tag](film))
        data = as_tiff(stored, compression=compression, extratags=[(274, "H", 1, tag, True)])
        assert np.array_equal(read_film(data).pixels, film)

    @pytest.mark.parametrize("tag", range(1, 9))
    @pytest.mark.parametrize("bits", [8, 16])
    def test_png(self, draw_film, tag, bits):
        film = draw_film(height=131, width=97, bits=bits)
        exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + struct.pack(">HHI", tag, 0, 0)
        data = with_chunk(as_png(TURNS[tag](film)), b"eXIf", exif)
        assert np.array_equal(read_film(data).pixels, film)

    @pytest.mark.parametrize("tag", range(1, 9))
    def test_jpeg(self, draw_film, tag):
        film = draw_film(height=128, width=96, bits=8)
        exif = Image.Exif()
        exif[274] = tag
        data = saved(Image.fromarray(np.ascontiguousarray(TURNS[tag](film))), "JPEG", quality=95, exif=exif)
        pixels = read_film(data).pixels
        assert pixels.shape == film.shape
        assert np.abs(pixels.astype(int) - film).mean() < 3

    def test_an_unknown_orientation_leaves_the_film_as_it_is(self, deep):
        assert np.array_equal(read_film(as_tiff(deep, extratags=[(274, "H", 1, 99, True)])).pixels, deep)


def with_chunk(png: bytes, kind: bytes, content: bytes) -> bytes:
    """A PNG with another chunk behind its header."""
    import zlib

    chunk = struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    return png[:33] + chunk + png[33:]


class TestFilms:
    @pytest.mark.parametrize("order", ["<", ">"])
    @pytest.mark.parametrize("big", [False, True])
    @pytest.mark.parametrize("compression", [None, "zlib", "lzw", "packbits", "zstd"])
    @pytest.mark.parametrize("tile", [None, (32, 48)])
    def test_tiff_layouts(self, deep, order, big, compression, tile):
        data = as_tiff(
            deep, byteorder=order, bigtiff=big, compression=compression, tile=tile, rowsperstrip=None if tile else 13
        )
        assert np.array_equal(read_film(data).pixels, deep)

    @pytest.mark.parametrize("bits", [8, 16])
    @pytest.mark.parametrize("compression", ["zlib", "lzw"])
    def test_horizontal_differences(self, draw_film, bits, compression):
        film = draw_film(bits=bits)
        assert np.array_equal(read_film(as_tiff(film, compression=compression, predictor=2)).pixels, film)

    @pytest.mark.parametrize("bits", [10, 12, 14])
    def test_packed_samples(self, deep, bits):
        values = deep >> (16 - bits)
        rows = [imagecodecs.packints_encode(row, bits) for row in values]
        film = read_film(by_hand(b"".join(rows), 97, 131, bits))
        assert np.array_equal(film.pixels, values)

    @pytest.mark.parametrize("bits", [8, 16])
    def test_white_is_zero(self, draw_film, bits):
        film = draw_film(bits=bits)
        top = 2**bits - 1
        read = read_film(as_tiff((top - film).astype(film.dtype), photometric="miniswhite"))
        assert np.array_equal(read.pixels, film)
        assert (read.offset, read.step) == (top, -1), "the stored value can be told"
        assert read.notices == []

    @pytest.mark.parametrize("bits", [8, 16])
    @pytest.mark.parametrize("planar", ["contig", "separate"])
    def test_grey_stored_as_colour(self, draw_film, bits, planar):
        film = draw_film(bits=bits)
        thrice = np.stack([film] * 3, axis=0 if planar == "separate" else -1)
        read = read_film(as_tiff(thrice, photometric="rgb", planarconfig=planar, compression="zlib"))
        assert np.array_equal(read.pixels, film)
        assert read.colourfulness == 0

    @pytest.mark.parametrize("opaque", [True, False])
    @pytest.mark.parametrize("bits", [8, 16])
    def test_grey_with_alpha(self, draw_film, bits, opaque):
        film = draw_film(bits=bits)
        alpha = np.full_like(film, 2**bits - 1)
        if not opaque:
            alpha[:, -20:] = 0
        for data in (as_png(np.dstack([film, alpha])), as_tiff(np.dstack([film, alpha]), extrasamples=["unassalpha"])):
            read = read_film(data)
            assert np.array_equal(read.pixels[:, :-20], film[:, :-20])
            assert (read.valid is None) is opaque
            if read.valid is not None:
                assert not read.valid[:, -20:].any()
                assert read.valid[:, :-20].all()

    def test_signed_samples_keep_their_order_and_their_values(self, deep):
        stored = (deep.astype(np.int32) - 20_000).clip(-32768, 32767).astype(np.int16)
        read = read_film(as_tiff(stored))
        assert np.array_equal(read.offset + read.pixels * read.step, stored)

    def test_palette(self, draw_film):
        film = draw_film(bits=8)
        ramp = np.arange(256, dtype=np.uint16)
        read = read_film(as_tiff(255 - film, photometric="palette", colormap=np.stack([(255 - ramp) * 257] * 3)))
        assert np.array_equal(read.pixels, film)
        png = Image.fromarray(255 - film, "L").convert("L")
        png = Image.frombytes("P", png.size, png.tobytes())
        png.putpalette(np.repeat((255 - ramp).astype(np.uint8), 3).tobytes())
        assert np.array_equal(read_film(saved(png, "PNG")).pixels, film)

    def test_jpeg_of_12_bits(self, deep):
        values = deep >> 4
        read = read_film(imagecodecs.jpeg8_encode(values, level=98, bitspersample=12))
        assert read.pixels.dtype == np.uint16
        assert np.abs(read.pixels.astype(int) - values).mean() < 8
        assert read.pixels.max() > 255

    @pytest.mark.parametrize("bits", [8, 16])
    def test_lossless_jpeg(self, draw_film, bits):
        film = draw_film(bits=bits)
        data = imagecodecs.jpeg8_encode(film, lossless=True, bitspersample=bits)
        assert np.array_equal(read_film(data).pixels, film)

    def test_a_thumbnail_beside_the_film_is_passed_over(self, deep):
        stream = io.BytesIO()
        with tifffile.TiffWriter(stream) as tiff:
            tiff.write(deep[::2, ::2], photometric="minisblack", subfiletype=1)
            tiff.write(deep, photometric="minisblack")
        assert np.array_equal(read_film(stream.getvalue()).pixels, deep)
        assert read_header(io.BytesIO(stream.getvalue()), "mammography").width == deep.shape[1]

    def test_a_negative_with_a_frame_keeps_its_values(self, draw_film):
        film = draw_film(height=480, width=300, bits=8)
        film[:14] = film[-14:] = 0
        read = read_film(as_png((255 - film).astype(np.uint8)))
        assert np.array_equal(read.pixels, film)
        assert (read.offset, read.step) == (255, -1)
