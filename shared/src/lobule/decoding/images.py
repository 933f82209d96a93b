"""Reads films and fields in the decoder process, with the same function names as the readers in this process."""

from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from lobule.contracts.result import Hanging, Laterality, MammographyView, Notice, SpacingPlane
from lobule.decoding.decoder import Decoder
from lobule.decoding.image_file import ImageFile
from lobule.decoding.wire import Decoded
from lobule.errors import AnalysisError
from lobule.imaging import read_field as fields_in_process
from lobule.imaging import read_film as films_in_process
from lobule.imaging.burnt_in import note_burnt_in_text
from lobule.imaging.film import Film, Window
from lobule.imaging.picture_header import check_size
from lobule.imaging.read_field import Field
from lobule.settings import film_settings

decoder = Decoder("lobule.decoding.images:decode_film", "lobule.decoding.images:decode_field")
"""The decoder of this process; its child process starts with the first file or with `start`."""

_ARRAYS = ("pixels", "valid")


class _FilmFacts(BaseModel):
    """A film without its arrays."""

    model_config = ConfigDict(extra="forbid")

    view: MammographyView | None
    laterality: Laterality | None
    pixel_spacing_mm: tuple[float, float] | None
    colourfulness: float
    notices: list[Notice]
    windows: tuple[Window, ...]
    offset: float
    step: float
    pixel_aspect: float | None
    spacing_plane: SpacingPlane | None
    magnification: float
    hanging: Hanging | None
    bits: int
    covered: tuple[tuple[int, int, int, int], ...]


class _FieldFacts(BaseModel):
    """A field without its pixels."""

    model_config = ConfigDict(extra="forbid")

    notices: list[Notice]
    um_per_pixel: float | None


def read_film(file: ImageFile | bytes) -> Film:
    """Read a film, and search for text in its background; see `lobule.imaging.read_film.read_film`.

    Raises:
        AnalysisError: As raised there and by `Decoder.run`.
    """
    decoded = decoder.run("lobule.decoding.images:decode_film", file, mask_text=film_settings().mask_text)
    try:
        facts = _FilmFacts.model_validate_json(decoded.facts)
        pixels, valid = decoded.arrays["pixels"], decoded.arrays.get("valid")
    except (ValidationError, KeyError):
        raise AnalysisError("image_unreadable") from None
    if pixels.ndim != 2 or (valid is not None and (valid.shape != pixels.shape or valid.dtype != np.bool_)):
        raise AnalysisError("image_unreadable")
    check_size(pixels.shape[1], pixels.shape[0])
    return Film(pixels=pixels, valid=valid, **{name: getattr(facts, name) for name in _FilmFacts.model_fields})


def read_field(file: ImageFile | bytes) -> Field:
    """Read a field; see `lobule.imaging.read_field.read_field`.

    Raises:
        AnalysisError: As raised there and by `Decoder.run`.
    """
    decoded = decoder.run("lobule.decoding.images:decode_field", file)
    try:
        facts, pixels = _FieldFacts.model_validate_json(decoded.facts), decoded.arrays["pixels"]
    except (ValidationError, KeyError):
        raise AnalysisError("image_unreadable") from None
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise AnalysisError("image_unreadable")
    check_size(pixels.shape[1], pixels.shape[0])
    return Field(pixels, facts.notices, facts.um_per_pixel)


def decode_film(data: bytes, *, mask_text: bool = False) -> Decoded:
    """A task of the decoder: `lobule.imaging.read_film.read_film`, with the notices of `note_burnt_in_text`."""
    film = note_burnt_in_text(films_in_process.read_film(data), masked=mask_text)
    plain = {each.name: getattr(film, each.name) for each in fields(film) if each.name not in _ARRAYS}
    arrays: dict[str, NDArray[Any]] = {"pixels": film.pixels}
    if film.valid is not None:
        arrays["valid"] = film.valid
    return Decoded(_FilmFacts(**plain).model_dump_json(), arrays)


def decode_field(data: bytes) -> Decoded:
    """A task of the decoder: `lobule.imaging.read_field.read_field`."""
    field = fields_in_process.read_field(data)
    facts = _FieldFacts(notices=field.notices, um_per_pixel=field.um_per_pixel)
    return Decoded(facts.model_dump_json(), {"pixels": field.pixels})
