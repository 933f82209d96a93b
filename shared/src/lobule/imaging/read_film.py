"""Reading a film from the bytes of a file: PNG, TIFF, JPEG or DICOM."""

import io
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray

from lobule.contracts.errors import AnalysisError
from lobule.contracts.result import Notice
from lobule.imaging.decode import decode_rgb
from lobule.imaging.dicom import read_dicom
from lobule.imaging.film import Film
from lobule.imaging.header import read_header


def read_film(data: bytes) -> Film:
    """Read a film, its depth kept.

    Args:
        data: The whole file.

    Raises:
        AnalysisError: What `lobule.imaging.header.read_header` raises; `image_unreadable` or `image_truncated` where
            the pixels cannot be decoded, with the transfer syntax or bit depth that was met; `not_mammogram` where the
            DICOM tags say so.
    """
    header = read_header(io.BytesIO(data), "mammography")
    if header.format == "DICOM":
        return read_dicom(data)
    pixels = _deep_pixels(data, header.format)
    if pixels is None:  # JPEG and everything in 8 bits, with EXIF orientation, palettes and alpha
        pixels = decode_rgb(data, "mammography")
    grey, colourfulness = _to_grey(pixels)
    if _is_negative(grey):
        top = np.iinfo(grey.dtype).max
        notice = Notice(code="film_inverted", detail="The film was stored with a bright background; it was inverted.")
        return Film((top - grey).astype(grey.dtype), colourfulness=colourfulness, notices=[notice])
    return Film(grey, colourfulness=colourfulness)


def _deep_pixels(data: bytes, file_format: str) -> NDArray[Any] | None:
    """Samples of more than 8 bits, or None where the file has none."""
    try:
        if file_format == "TIFF":
            with tifffile.TiffFile(io.BytesIO(data)) as tiff:
                page = tiff.pages.first
                if page.bitspersample <= 8:
                    return None
                samples = page.asarray()
                depth, white_is_zero = page.bitspersample, page.photometric == tifffile.PHOTOMETRIC.MINISWHITE
            if samples.dtype != np.uint16 or samples.ndim not in (2, 3):
                raise AnalysisError(
                    "image_unreadable",
                    f"The TIFF holds {depth}-bit samples of type {samples.dtype}; "
                    "8- and 16-bit unsigned ones can be read.",
                )
            return (65535 - samples).astype(np.uint16) if white_is_zero else samples
        if file_format == "PNG" and len(data) > 24 and data[24] == 16:
            try:
                return imagecodecs.png_decode(data)
            except imagecodecs.PngError:
                raise AnalysisError(
                    "image_truncated", "The 16-bit PNG ends before its last pixel. Please export it again."
                ) from None
    except AnalysisError:
        raise
    except Exception as error:  # noqa: BLE001 - decoders of hostile bytes raise anything
        raise AnalysisError(
            "image_unreadable", f"The {file_format}'s pixels cannot be read ({type(error).__name__}). Export it again."
        ) from None
    return None


def _to_grey(pixels: NDArray[Any]) -> tuple[NDArray[Any], float]:
    if pixels.ndim == 2:
        return pixels, 0.0
    first, second, third = (pixels[..., i] for i in range(3))
    if np.array_equal(first, second) and np.array_equal(second, third):
        return np.ascontiguousarray(first), 0.0
    colours = pixels[..., :3].astype(np.int32)
    spread = float((colours.max(axis=-1) - colours.min(axis=-1)).mean()) / float(np.iinfo(pixels.dtype).max)
    return colours.mean(axis=-1).astype(pixels.dtype), spread


_FRAME = 6  # percent of each side that may be a scanner's white frame
_NEAR = 0.12  # of the range: this near its ends a pixel is as good as black or white
_MORE = 0.1  # of the pixels: so many more white than black ones make a negative


def _is_negative(grey: NDArray[Any]) -> bool:
    """Whether the background is bright, which beside a breast is most of the film.

    All four corners are bright, and inside of what may be a frame there is more white than black: a film in a white
    frame has bright corners too.
    """
    side = max(4, min(grey.shape) // 50)
    low, high = np.percentile(grey[:: max(1, side // 4), :: max(1, side // 4)], [1, 99])
    corners = [grey[:side, :side], grey[:side, -side:], grey[-side:, :side], grey[-side:, -side:]]
    if not all(float(np.median(c)) > low + 0.9 * (high - low) for c in corners):
        return False
    rows, columns = (length * _FRAME // 100 for length in grey.shape)
    step = max(1, min(grey.shape) // 256)
    inner = grey[rows : grey.shape[0] - rows : step, columns : grey.shape[1] - columns : step].astype(np.float32)
    low, high = np.percentile(inner, [1, 99])
    share = (inner - low) / max(float(high - low), 1e-6)
    return float((share > 1 - _NEAR).mean() - (share < _NEAR).mean()) > _MORE
