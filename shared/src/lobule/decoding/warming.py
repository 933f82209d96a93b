"""Loads every decoder in advance, because a confined process cannot open libraries."""

import contextlib
import ctypes
import io
import warnings

import imagecodecs
import numpy as np
import numpy.ma  # NumPy itself imports it when it is first used
from PIL import Image, ImageCms

from lobule import limits
from lobule.words import make_notice
from lobule.words.words import Words

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
_GREY = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)


def warm_decoders() -> None:
    """Use each codec, Pillow and the catalogue once, because they load some of their parts at the first use."""
    Words("en").list(["", ""])
    make_notice("film_inverted")
    grey8 = (_GREY >> 4).astype(np.uint8)
    imagecodecs.png_decode(imagecodecs.png_encode(_GREY))
    imagecodecs.jpeg8_decode(imagecodecs.jpeg8_encode(grey8))
    imagecodecs.jpegls_decode(imagecodecs.jpegls_encode(_GREY))
    imagecodecs.jpeg2k_decode(imagecodecs.jpeg2k_encode(_GREY, codecformat="j2k", level=0, reversible=True))
    packed = grey8.tobytes()
    imagecodecs.zlib_decode(imagecodecs.zlib_encode(packed))
    imagecodecs.lzw_decode(imagecodecs.lzw_encode(packed))
    imagecodecs.zstd_decode(imagecodecs.zstd_encode(packed))
    imagecodecs.packbits_decode(imagecodecs.packbits_encode(packed))
    imagecodecs.delta_decode(grey8)
    imagecodecs.packints_decode(packed, np.dtype(np.uint16), 12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Image.fromarray(grey8).resize((32, 32), Image.Resampling.BOX).save(io.BytesIO(), "JPEG")
    profile = ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(profile, profile, "RGB", "RGB")
    ImageCms.applyTransform(Image.fromarray(np.dstack([grey8] * 3)), transform)


def keep_heap() -> None:
    """Allocate memory in advance and keep freed memory, because allocating takes longer than decoding a raw film."""
    with contextlib.suppress(AttributeError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)
    b"\1" * (2 * limits.DECODER_KEEPS)  # pyright: ignore[reportUnusedExpression] - touched, then freed
