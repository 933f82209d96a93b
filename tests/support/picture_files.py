"""Writes pictures of every kind for tests."""

import io
import struct

import imagecodecs
import numpy as np
import tifffile
from PIL import Image


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


def by_hand(strip: bytes, width: int, height: int, bits: int, **more: int) -> bytes:
    """A grey TIFF with one strip, built from its tags."""
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: 1, 273: 8, 277: 1, 278: height, 279: len(strip)}
    tags |= {int(name[1:]): value for name, value in more.items()}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, tags[tag]) for tag in sorted(tags))
    return b"II*\0" + struct.pack("<I", 8 + len(strip)) + strip + struct.pack("<H", len(tags)) + entries + b"\0" * 4
