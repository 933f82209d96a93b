"""Reads a film from the bytes of a PNG, TIFF, JPEG or DICOM file."""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.result import Notice
from lobule.imaging.colour import Colours
from lobule.imaging.decode import decode_picture
from lobule.imaging.dicom.reader import read_dicom
from lobule.imaging.film import Film
from lobule.imaging.header import read_header
from lobule.imaging.negative import is_negative
from lobule.imaging.picture import Picture
from lobule.words import make_notice

_ROW_PIXELS = 1 << 20  # processed at once


def read_film(data: bytes) -> Film:
    """Read a film in its original depth.

    Args:
        data: The whole file.

    Raises:
        AnalysisError: As raised by `lobule.imaging.header.read_header` and `decode_picture`; `not_mammogram` if the
            DICOM tags describe another object.
    """
    if read_header(io.BytesIO(data), "mammography").format == "DICOM":
        return read_dicom(data)
    return film_of(decode_picture(data, "mammography"))


def film_of(picture: Picture) -> Film:
    """Convert a picture to a film: grey, tissue bright, transparent pixels excluded."""
    alpha = picture.samples[..., -1] if picture.alpha != "none" else None
    valid = None if alpha is None or alpha.all() else np.ascontiguousarray(alpha != 0)
    grey, bits, offset, step = grey_of(picture), grey_bits(picture), picture.offset, picture.step
    notices: list[Notice] = []
    if is_negative(grey, valid):
        top = 2**bits - 1
        np.subtract(grey.dtype.type(top), grey, out=grey)
        offset, step = offset + step * top, -step
        notices.append(make_notice("film_inverted"))
    if valid is not None:
        least = np.min(grey, where=valid, initial=np.iinfo(grey.dtype).max) if valid.any() else 0
        np.copyto(grey, least, where=~valid)
    return Film(
        grey,
        colourfulness=colourfulness(picture),
        notices=notices,
        valid=valid,
        offset=offset,
        step=step,
        bits=bits,
    )


def colourfulness(picture: Picture) -> float:
    """Mean difference between a picture's colour channels, relative to their range; 0 for grey."""
    if picture.colour == "grey":
        return 0.0
    spread = 0
    for _, rows in _colour_rows(picture):
        first, second, third = (rows[..., channel] for channel in range(3))
        most, least = np.maximum(np.maximum(first, second), third), np.minimum(np.minimum(first, second), third)
        spread += int(np.subtract(most, least, out=most).sum(dtype=np.int64))
    return spread / (picture.height * picture.width) / (2 ** grey_bits(picture) - 1)


def grey_of(picture: Picture) -> NDArray[Any]:
    """The picture's grey values (height, width), contiguous, without alpha; colours are averaged."""
    if picture.colour == "grey":
        samples = picture.samples
        return np.ascontiguousarray(samples if samples.ndim == 2 else samples[..., 0])
    grey = np.empty((picture.height, picture.width), np.uint8 if grey_bits(picture) <= 8 else np.uint16)
    for top, rows in _colour_rows(picture):
        grey[top : top + len(rows)] = rows.sum(axis=-1, dtype=np.uint32) // 3
    return grey


def grey_bits(picture: Picture) -> int:
    """Bits of the values of `grey_of`."""
    return picture.bits if picture.colour in ("grey", "rgb") else 8


def _colour_rows(picture: Picture) -> Iterator[tuple[int, NDArray[Any]]]:
    """Successive strips of three colour channels, as stored if these are red, green and blue."""
    if picture.colour != "rgb":
        yield from Colours(picture).parts()
        return
    step = max(1, _ROW_PIXELS // picture.width)
    for top in range(0, picture.height, step):
        yield top, picture.samples[top : top + step, :, :3]
