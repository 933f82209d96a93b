"""Pixels of a picture file as one predictable kind of array."""

import io

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from lobule.contracts.errors import AnalysisError
from lobule.contracts.result import Modality
from lobule.imaging.header import read_header

RGB8 = NDArray[np.uint8]


def decode_rgb(data: bytes, modality: Modality = "histopathology") -> RGB8:
    """Decode a PNG, JPEG or TIFF into upright 8-bit RGB.

    EXIF orientation is applied, alpha is laid over white (blank glass), CMYK and palettes are converted, 16-bit
    samples keep their upper byte.

    Args:
        data: The whole file.
        modality: Decides which formats are accepted.

    Returns:
        uint8 array of shape (height, width, 3).

    Raises:
        AnalysisError: What `read_header` raises, `image_truncated` where the pixels end early, or `image_unreadable`.
    """
    read_header(io.BytesIO(data), modality)
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            upright = ImageOps.exif_transpose(image)
            return _to_rgb8(upright)
    except AnalysisError:
        raise
    except Exception as error:  # noqa: BLE001 - decoders of hostile bytes raise anything
        words = str(error).lower()
        if isinstance(error, (EOFError, OSError)) and any(
            w in words for w in ("truncated", "incomplete", "not enough", "eof")
        ):
            raise AnalysisError(
                "image_truncated",
                "The image ends before its last pixel. It was probably cut off; please export it again.",
            ) from None
        raise AnalysisError(
            "image_unreadable",
            f"The image's pixels cannot be read ({type(error).__name__}). Please export it again.",
        ) from None


# On photographs the averaging filter at zlib's fastest level is three times as fast as level 3 and no larger;
# Pillow, which chooses among all filters, takes twice as long.
_PNG_LEVEL = 1
_PNG_FILTER = 64  # libpng's PNG_FILTER_AVG


def encode_png(image: NDArray[np.uint8]) -> bytes:
    """Encode an 8-bit grey (height, width) or RGB (height, width, 3) array as PNG."""
    if image.dtype != np.uint8 or image.ndim not in (2, 3):
        raise ValueError(f"cannot encode an array of shape {image.shape} and type {image.dtype} as PNG")
    return bytes(imagecodecs.png_encode(np.ascontiguousarray(image), level=_PNG_LEVEL, filter=_PNG_FILTER))


def _to_rgb8(image: Image.Image) -> RGB8:
    if image.mode.startswith("I") or image.mode == "F":
        return _wide_grey_to_rgb8(np.asarray(image), image.mode)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    return np.array(image.convert("RGB"), dtype=np.uint8)


def _wide_grey_to_rgb8(samples: NDArray[np.generic], mode: str) -> RGB8:
    """Grey of more than 8 bits: the upper byte of 16, or the range stretched where there is no fixed range."""
    if mode.startswith("I;16") or (mode == "I" and samples.max() > 255):
        grey = (np.clip(samples, 0, 65535).astype(np.uint32) >> 8).astype(np.uint8)
    elif mode == "I":
        grey = np.clip(samples, 0, 255).astype(np.uint8)
    else:
        values = samples.astype(np.float64)
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        scale = 255.0 / (high - low) if high > low else 0.0
        grey = np.nan_to_num((values - low) * scale).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)
