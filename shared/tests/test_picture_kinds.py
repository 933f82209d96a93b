"""Every kind of picture that programs write: read right, or refused with the true reason."""

import io
import struct

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from lobule.contracts.errors import AnalysisError
from lobule.imaging.decode import decode_rgb
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


def as_tiff(pixels, **options) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, **{"photometric": "minisblack", "metadata": None, **options})
    return stream.getvalue()


def as_png(pixels) -> bytes:
    return bytes(imagecodecs.png_encode(np.ascontiguousarray(pixels)))


def saved(image: Image.Image, kind: str, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def refusal(data: bytes, read=read_film) -> tuple[str, str]:
    with pytest.raises(AnalysisError) as refused:
        read(data)
    return refused.value.code, refused.value.detail


@pytest.fixture
def deep(draw_film):
    return draw_film(height=131, width=97, bits=16)


@pytest.fixture
def colours():
    y, x = np.mgrid[:90, :120]
    return np.stack([150 + x, 90 + y // 2, 200 - x // 2], axis=-1).clip(0, 255).astype(np.uint8)


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


def by_hand(strip: bytes, width: int, height: int, bits: int, **more: int) -> bytes:
    """A grey TIFF of one strip, from its tags."""
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: 1, 273: 8, 277: 1, 278: height, 279: len(strip)}
    tags |= {int(name[1:]): value for name, value in more.items()}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, tags[tag]) for tag in sorted(tags))
    return b"II*\0" + struct.pack("<I", 8 + len(strip)) + strip + struct.pack("<H", len(tags)) + entries + b"\0" * 4


class TestRefusedWithTheTrueReason:
    def test_floating_point(self, draw_film):
        assert refusal(as_tiff(draw_film().astype(np.float32)))[0] == "unsupported_format"
        assert "floating-point" in refusal(as_tiff(draw_film().astype(np.float32)))[1]

    def test_32_bits(self, draw_film):
        code, words = refusal(as_tiff(draw_film().astype(np.uint32)))
        assert code == "unsupported_format"
        assert "32 bits" in words

    def test_one_bit(self, draw_film):
        film = Image.fromarray(draw_film(bits=8)).convert("1")
        for kind in ("PNG", "TIFF"):
            code, words = refusal(saved(film, kind))
            assert code == "unsupported_format"
            assert "1 bit" in words

    def test_a_volume(self):
        data = by_hand(b"\0" * 80 * 70, 80, 70, 8, t32997=20)
        code, words = refusal(data)
        assert code == "animated_image"
        assert "20" in words

    @pytest.mark.parametrize("pages", [2, 5])
    def test_several_pages(self, deep, pages):
        code, words = refusal(as_tiff(np.stack([deep] * pages)))
        assert code == "animated_image"
        assert str(pages) in words

    def test_samples_that_nobody_knows(self, deep):
        assert refusal(as_tiff(np.dstack([deep] * 4), planarconfig="contig"))[0] == "unsupported_format"

    @pytest.mark.parametrize("compression", [6, 34712, 50001, 34887])
    def test_rare_compressions(self, compression):
        code, words = refusal(by_hand(b"\0" * 80 * 70, 80, 70, 8, t259=compression))
        assert code == "unsupported_format"
        assert str(compression) in words

    @pytest.mark.parametrize("photometric", [4, 10, 32803, 34892])
    def test_rare_colours(self, photometric):
        code, words = refusal(by_hand(b"\0" * 80 * 70, 80, 70, 8, t262=photometric))
        assert code == "unsupported_format"
        assert str(photometric) in words

    @pytest.mark.parametrize("name", ["PDF", "GIF", "BMP", "WEBP"])
    def test_other_formats_by_name(self, name):
        data = saved(Image.new("RGB", (80, 80)), name)
        assert name.lower() in refusal(data)[1].lower()

    @pytest.mark.parametrize("share", [0.5, 0.95])
    @pytest.mark.parametrize("compression", [None, "zlib", "lzw", "packbits"])
    def test_a_tiff_that_was_cut_off(self, deep, share, compression):
        data = by_hand(deep.tobytes(), 97, 131, 16)
        stream = io.BytesIO()
        if compression is not None:
            tifffile.imwrite(stream, deep, compression=compression, photometric="minisblack", metadata=None)
            data = stream.getvalue()
        assert refusal(data[: int(len(data) * share)])[0] in ("image_truncated", "image_unreadable")


class TestFields:
    @pytest.mark.parametrize("order", ["<", ">"])
    @pytest.mark.parametrize("planar", ["contig", "separate"])
    @pytest.mark.parametrize("bits", [8, 16])
    @pytest.mark.parametrize("tile", [None, (32, 32)])
    def test_colour_tiff(self, colours, order, planar, bits, tile):
        stored = colours if bits == 8 else colours.astype(np.uint16) * 257
        stored = np.moveaxis(stored, -1, 0) if planar == "separate" else stored
        data = as_tiff(
            stored, photometric="rgb", planarconfig=planar, byteorder=order, tile=tile, compression="lzw", predictor=2
        )
        assert np.array_equal(decode_rgb(data), colours)

    @pytest.mark.parametrize("alpha", ["unassalpha", "assocalpha"])
    @pytest.mark.parametrize("bits", [8, 16])
    def test_transparent_tiff_lies_on_glass(self, colours, alpha, bits):
        opacity = np.zeros((*colours.shape[:2], 1), np.uint8)
        opacity[:, :60] = 255
        stored = np.dstack([colours if alpha == "unassalpha" else colours * (opacity > 0), opacity])
        stored = stored if bits == 8 else stored.astype(np.uint16) * 257
        read = decode_rgb(as_tiff(stored, photometric="rgb", extrasamples=[alpha]))
        assert np.array_equal(read[:, :60], colours[:, :60])
        assert (read[:, 60:] == 255).all()

    @pytest.mark.parametrize("bits", [8, 16])
    def test_transparent_png(self, colours, bits):
        half = np.full((*colours.shape[:2], 1), 128, np.uint8)
        stored = np.dstack([colours, half])
        read = decode_rgb(as_png(stored if bits == 8 else stored.astype(np.uint16) * 257))
        assert np.abs(read.astype(int) - (colours * (128 / 255) + 255 * (127 / 255))).max() <= 1

    def test_jpeg_within_tiff(self, colours):
        for arguments in ({"level": 97}, {"level": 97, "outcolorspace": "rgb"}):
            data = as_tiff(colours, photometric="rgb", compression="jpeg", compressionargs=arguments, tile=(32, 32))
            assert np.abs(decode_rgb(data).astype(int) - colours).mean() < 4

    def test_palette(self, colours):
        image = Image.fromarray(colours).convert("P", palette=Image.Palette.ADAPTIVE)
        wanted = np.asarray(image.convert("RGB"))
        for kind in ("PNG", "TIFF"):
            assert np.array_equal(decode_rgb(saved(image, kind)), wanted)

    @pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
    def test_cmyk(self, colours, kind):
        image = Image.fromarray(colours).convert("CMYK")
        read = decode_rgb(saved(image, kind, **({"quality": 97} if kind == "JPEG" else {})))
        assert np.abs(read.astype(int) - colours).mean() < 3

    def test_cmyk_jpeg_that_adobe_did_not_invert(self, colours):
        inks = np.asarray(Image.fromarray(colours).convert("CMYK"))
        data = bytes(imagecodecs.jpeg8_encode(inks, level=97, colorspace="CMYK", outcolorspace="CMYK"))
        start = data.index(b"\xff\xee")
        length = struct.unpack(">H", data[start + 2 : start + 4])[0]
        plain = data[:start] + data[start + 2 + length :]
        assert np.abs(decode_rgb(plain).astype(int) - colours).mean() < 3

    def test_ycck_jpeg(self, colours):
        inks = np.asarray(Image.fromarray(colours).convert("CMYK"))
        data = imagecodecs.jpeg8_encode(255 - inks, level=97, colorspace="CMYK", outcolorspace="YCCK")
        assert b"Adobe" in bytes(data)[:64]
        assert np.abs(decode_rgb(bytes(data)).astype(int) - colours).mean() < 4

    @pytest.mark.parametrize("bits", [8, 16])
    @pytest.mark.parametrize("photometric", ["cielab", "icclab"])
    def test_lab(self, colours, bits, photometric):
        image = Image.fromarray(colours)
        lab = np.asarray(
            ImageCms.profileToProfile(
                image, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
            )
        )
        stored = lab ^ np.array([0, 128, 128] if photometric == "icclab" else [0, 0, 0], np.uint8)
        stored = stored if bits == 8 else stored.astype(np.uint16) << 8
        read = decode_rgb(as_tiff(stored, photometric=photometric))
        assert np.abs(read.astype(int) - colours).mean() < 2
