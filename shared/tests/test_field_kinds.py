"""Fields in every kind of picture, in colour."""

import struct

import imagecodecs
import numpy as np
import pytest
from picture_files import as_png, as_tiff, saved
from PIL import Image, ImageCms

from lobule.imaging.decode import decode_rgb


@pytest.fixture
def colours():
    y, x = np.mgrid[:90, :120]
    return np.stack([150 + x, 90 + y // 2, 200 - x // 2], axis=-1).clip(0, 255).astype(np.uint8)


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
