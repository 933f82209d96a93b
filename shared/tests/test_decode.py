"""Whatever is in the file, the pixels come out as upright 8-bit RGB."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from lobule.errors import AnalysisError
from lobule.imaging.decode import decode_rgb, encode_png


def picture(seed: int = 0, shape: tuple[int, ...] = (70, 90, 3)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def encoded(image: Image.Image, format_: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("format_", ["PNG", "TIFF"])
def test_lossless_formats_are_exact(format_):
    pixels = picture()
    assert np.array_equal(decode_rgb(encoded(Image.fromarray(pixels), format_)), pixels)


def test_png_round_trip():
    pixels = picture(1)
    assert np.array_equal(decode_rgb(encode_png(pixels)), pixels)


def test_grey_becomes_rgb():
    pixels = picture(2, (70, 90))
    assert np.array_equal(decode_rgb(encode_png(pixels)), np.repeat(pixels[..., None], 3, axis=2))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation):
    upright = np.zeros((64, 96, 3), np.uint8)
    upright[:20, :30] = 255  # the upper left corner is bright, whatever the camera's position was
    image = Image.fromarray(upright)
    stored = {
        1: lambda i: i,
        2: lambda i: i.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: lambda i: i.transpose(Image.Transpose.ROTATE_180),
        4: lambda i: i.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: lambda i: i.transpose(Image.Transpose.TRANSPOSE),
        6: lambda i: i.transpose(Image.Transpose.ROTATE_90),
        7: lambda i: i.transpose(Image.Transpose.TRANSVERSE),
        8: lambda i: i.transpose(Image.Transpose.ROTATE_270),
    }[orientation](image)
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = decode_rgb(encoded(stored, "PNG", exif=exif))
    assert np.array_equal(decoded, upright)


def test_alpha_is_laid_over_white():
    rgba = np.zeros((70, 70, 4), np.uint8)
    rgba[:35, :, 3] = 255  # the upper half is opaque black, the lower one is clear
    decoded = decode_rgb(encoded(Image.fromarray(rgba), "PNG"))
    assert decoded[:35].max() == 0
    assert decoded[35:].min() == 255


def test_sixteen_bit_grey_keeps_its_upper_byte():
    values = np.linspace(0, 65535, 80 * 80).reshape(80, 80).astype(np.uint16)
    decoded = decode_rgb(encoded(Image.fromarray(values), "PNG"))
    assert np.array_equal(decoded[..., 0], (values >> 8).astype(np.uint8))


def test_sixteen_bit_colour_keeps_its_upper_byte():
    values = np.random.default_rng(3).integers(0, 65536, (70, 80, 3), dtype=np.uint16)
    _, buffer = cv2.imencode(".png", values[..., ::-1])
    decoded = decode_rgb(buffer.tobytes())
    assert np.abs(decoded.astype(int) - (values >> 8)).max() <= 1


def test_cmyk_jpeg():
    pixels = np.full((80, 80, 3), (200, 60, 120), np.uint8)
    decoded = decode_rgb(encoded(Image.fromarray(pixels).convert("CMYK"), "JPEG", quality=95))
    assert decoded.shape == (80, 80, 3)
    assert np.abs(decoded.astype(int) - pixels).max() < 12


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "TIFF"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_truncated(format_, share):
    whole = encoded(Image.fromarray(picture(4, (200, 300, 3))), format_)
    with pytest.raises(AnalysisError) as refused:
        decode_rgb(whole[: int(len(whole) * share)])
    assert refused.value.code in ("image_truncated", "image_unreadable")


def test_truncated_jpeg_is_named(real_field):
    whole = real_field.read_bytes()
    with pytest.raises(AnalysisError) as refused:
        decode_rgb(whole[: len(whole) // 2])
    assert refused.value.code == "image_truncated"


def test_damaged_bytes_never_escape_as_another_error(real_field):
    whole = bytearray(real_field.read_bytes())
    rng = np.random.default_rng(5)
    outcomes = set()
    for _ in range(60):
        damaged = whole.copy()
        for position in rng.integers(0, len(whole), 20):
            damaged[position] = int(rng.integers(0, 256))
        try:
            assert decode_rgb(bytes(damaged)).ndim == 3
            outcomes.add("decoded")
        except AnalysisError as error:
            outcomes.add(error.code)
    assert outcomes, "every damaged file was either decoded or refused in words"
