"""Images as the API shows them."""

import re
from datetime import date, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from gateway.clock import now
from gateway.images.models import ConflictOf
from lobule.contracts.result import Laterality, Magnification, Modality, UmPerPixel, View

_FIRST_DAY = date(1900, 1, 1)
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def plausible_day(day: date) -> bool:
    """Whether a day is plausible for an examination: not after tomorrow, which has begun elsewhere on Earth."""
    return _FIRST_DAY <= day <= now().date() + timedelta(days=1)


def _check_text(value: object) -> object:
    """Refuse numbers as days: 20240501 would be read as seconds since 1970."""
    if isinstance(value, date) or (isinstance(value, str) and _ISO_DAY.fullmatch(value)):
        return value
    raise PydanticCustomError("day_notation", "Write a day as YYYY-MM-DD")


def _check_day(day: date) -> date:
    if not plausible_day(day):
        raise PydanticCustomError("day_implausible", "It must be a day since 1900, and not in the future")
    return day


StudyDate = Annotated[date, BeforeValidator(_check_text), AfterValidator(_check_day)]


class ConflictRead(BaseModel):
    """A difference between what a user entered for an image and what its file says."""

    model_config = ConfigDict(from_attributes=True)

    of: ConflictOf = Field(description="attribute that differs")
    said: str = Field(description="entered value")
    file: str = Field(description="value in the file")


class ImageRead(BaseModel):
    """An uploaded image."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(description="identifier of the image")
    case_id: str | None = Field(description="case of the image; null if it belongs to none")
    file_name: str = Field(description="name of the uploaded file; a neutral name for DICOM")
    media_type: str = Field(description="media type of the file, by its content")
    size_bytes: int = Field(description="size of the stored file in bytes")
    sha256: str = Field(description="SHA-256 of the received file, hexadecimal")
    stored_sha256: str = Field(description="SHA-256 of the stored file, which a download returns, hexadecimal")
    modality: Modality
    width: int = Field(description="stored columns")
    height: int = Field(description="stored rows")
    um_per_pixel: UmPerPixel | None = Field(description="micrometres per pixel of a field, if stated")
    magnification: Magnification | None = Field(description="magnification of the objective")
    view: View | None = Field(description="view of the film, as entered or as in the file")
    laterality: Laterality | None = Field(description="side of the breast, as entered or as in the file")
    study_date: date | None = Field(description="day of the examination, as entered or as in the file")
    conflicts: list[ConflictRead] = Field(
        description="differences between the entered values and the file; the entered values are used"
    )
    created_at: datetime = Field(description="when it was uploaded")


class ImagePage(BaseModel):
    """A page of images."""

    items: list[ImageRead] = Field(description="the images of this page")
    next_cursor: str | None = Field(description="value of `cursor` for the next page; null on the last page")
    total: int = Field(description="number of images on all pages")
