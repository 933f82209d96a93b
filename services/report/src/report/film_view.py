"""Pictures for display: a small preview of any file, and the samples of a film in full depth."""

import gzip
import io
import struct
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.pictures import (
    FilmOverview,
    NamedWindow,
    PictureFacts,
    PictureKind,
    Samples,
)
from lobule.decoding.wire import Decoded
from lobule.imaging.burnt_in import note_burnt_in_text, shown_pixels
from lobule.imaging.colour import Colours
from lobule.imaging.decode import decode_picture
from lobule.imaging.dicom.reader import read_dicom
from lobule.imaging.display import first_look, in_8_bits
from lobule.imaging.film import Film, Window
from lobule.imaging.header import read_header
from lobule.imaging.picture import Picture
from lobule.imaging.read_film import colourfulness, film_of
from lobule.imaging.shrink import fitting, shrink
from lobule.layout import OVERVIEW_FILE, PREVIEW_FILE, SAMPLES_FILE
from lobule.modalities import of_colours
from report.pictures import jpeg

PREVIEW_SIDE = 1024
DISPLAY_SIDE = 2048  # of the display image that a pipeline leaves: a film within it is whole there, but for its depth
MAX_SAMPLES = 16_000_000
"""A larger film is shrunk: 32 MB is what a browser takes four of."""
OVERVIEW_SIDE = 1280
"""Four films side by side on a screen of 2560 x 1440 have no more rows of it than this."""
GREY_UP_TO = 0.03  # mean difference between the colour channels; a stained section has several times as much
_PREVIEW_QUALITY = 88


def decode_picture_file(data: bytes, kind: PictureKind, *, mask_text: bool = False) -> Decoded:
    """A task of the decoder: `draw_picture`, each file as an array of its bytes."""
    facts, files = draw_picture(data, kind, mask_text=mask_text)
    return Decoded(facts.model_dump_json(), {name: np.frombuffer(content, np.uint8) for name, content in files.items()})


def draw_picture(data: bytes, kind: PictureKind, *, mask_text: bool = False) -> tuple[PictureFacts, dict[str, bytes]]:
    """Draw a file.

    Args:
        data: The whole file, of any format that `lobule.imaging.header` accepts for a mammogram.
        kind: `preview`: a JPEG, no side over `PREVIEW_SIDE`. `samples`: a film's samples, gzipped, if it has more
            bits or pixels than the display image, or a window of its own; no file where it has not.
        mask_text: Whether text in a film's background is covered.

    Returns:
        What it holds, and the files by name.

    Raises:
        AnalysisError: If it cannot be read.
    """
    film = _film_or_tissue(data)
    if isinstance(film, Picture):
        return _tissue(film, kind)
    film = note_burnt_in_text(film, masked=mask_text)
    film = replace(film, pixels=shown_pixels(film))
    height, width = film.pixels.shape
    facts = PictureFacts(
        width=width,
        height=height,
        bits=film.bits,
        modality=of_colours("grey").name,
        view=film.view,
        laterality=film.laterality,
        notices=film.notices,
    )
    if kind == "preview":
        return facts, {PREVIEW_FILE: jpeg(grey_preview(film), _PREVIEW_QUALITY)}
    if film.pixels.dtype == np.uint8 and max(height, width) <= DISPLAY_SIDE and film.window is None:
        return facts, {}
    samples, content = deep_samples(film)
    facts = facts.model_copy(update={"samples": samples})
    files = {SAMPLES_FILE: gzip.compress(content, 1), OVERVIEW_FILE: gzip.compress(overview(film.pixels, facts), 6)}
    return facts, files


def _film_or_tissue(data: bytes) -> Film | Picture:
    """The film in a file, or the picture itself if it is in colour."""
    if read_header(io.BytesIO(data), "mammography").format == "DICOM":
        return read_dicom(data)
    picture = decode_picture(data, "mammography")
    return picture if colourfulness(picture) > GREY_UP_TO else film_of(picture)


def _tissue(picture: Picture, kind: PictureKind) -> tuple[PictureFacts, dict[str, bytes]]:
    """Draw a picture in colour, which is treated as a stained section."""
    size = (picture.width, picture.height)
    facts = PictureFacts(
        width=picture.width,
        height=picture.height,
        bits=picture.bits,
        modality=of_colours("colour").name,
    )
    if kind != "preview":
        return facts, {}
    small = shrink(Colours(picture).rows, size, fitting(size, PREVIEW_SIDE))
    return facts, {PREVIEW_FILE: jpeg(small, _PREVIEW_QUALITY)}


def grey_preview(film: Film) -> NDArray[np.uint8]:
    """A film in 8 bits, no side over `PREVIEW_SIDE`."""
    return in_8_bits(_shrunk(film.pixels, PREVIEW_SIDE), first_look(film))


def deep_samples(film: Film) -> tuple[Samples, bytes]:
    """A film's samples as unsigned 16-bit integers, shrunk to at most `MAX_SAMPLES` of them.

    They hold the measured values; the file's windows only say how to show them first.
    """
    pixels = film.pixels
    height, width = pixels.shape
    scale = min(1.0, (MAX_SAMPLES / (height * width)) ** 0.5)
    if scale < 1.0:
        size = (max(1, int(width * scale)), max(1, int(height * scale)))
        pixels = _resized(pixels, size)
    first, *others = [_named(window) for window in (film.windows or (first_look(film),))]
    facts = Samples(
        width=pixels.shape[1],
        height=pixels.shape[0],
        offset=film.offset,
        step=film.step,
        low=first.low,
        high=first.high,
        windows=[first, *others] if film.windows else [],
    )
    return facts, pixels.astype("<u2").tobytes()


def overview(pixels: NDArray[Any], facts: PictureFacts) -> bytes:
    """Write a film with its facts as a `FilmOverview`; no side is longer than `OVERVIEW_SIDE`."""
    small = _shrunk(pixels, OVERVIEW_SIDE)
    head = FilmOverview(facts=facts, width=small.shape[1], height=small.shape[0]).model_dump_json().encode()
    head += b" " * (len(head) % 2)
    return struct.pack("<I", len(head)) + head + small.astype("<u2").tobytes()


def _named(window: Window) -> NamedWindow:
    low = round(window.low)
    return NamedWindow(low=low, high=max(round(window.high), low + 1), name=window.name)


def _shrunk(picture: NDArray[Any], side: int) -> NDArray[Any]:
    size = (picture.shape[1], picture.shape[0])
    return _resized(picture, fitting(size, side))


def _resized(picture: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Shrink a picture to (width, height) by averaging; the type stays the same."""
    return shrink(lambda top, bottom: picture[top:bottom], (picture.shape[1], picture.shape[0]), size)
