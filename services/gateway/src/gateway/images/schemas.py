"""Images as the API shows them."""

import re
from datetime import date, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from gateway.clock import now
from gateway.images.models import ConflictOf
from gateway.jobs.schemas import JobRead
from lobule.contracts.result import Laterality, Magnification, Modality, View

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


class ImageOptions(BaseModel):
    """The description of an image: the text fields of its upload."""

    model_config = ConfigDict(extra="forbid")

    modality: Modality
    case_id: str | None = Field(default=None, max_length=36)
    magnification: Magnification | None = None
    view: View | None = None
    laterality: Laterality | None = None
    study_date: StudyDate | None = None
    replaces: str | None = Field(default=None, max_length=36)
    accept_other_patient: bool = False


class ImageCorrection(BaseModel):
    """A correction of an image; fields that are not given stay, and null means unknown."""

    model_config = ConfigDict(extra="forbid")

    modality: Modality | None = Field(default=None, description="another one analyses the image again")
    magnification: Magnification | None = None
    view: View | None = None
    laterality: Laterality | None = None
    study_date: StudyDate | None = Field(default=None, description="day of the examination")
    case_id: str | None = Field(default=None, max_length=36, description="moves the image; null takes it out")
    accept_other_patient: bool = Field(
        default=False, description="move it although its file names another patient than those of the case"
    )


class ConflictRead(BaseModel):
    """A difference between what a user entered for an image and what its file says."""

    model_config = ConfigDict(from_attributes=True)

    of: ConflictOf
    said: str
    file: str


class ImageRead(BaseModel):
    """An uploaded image."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    case_id: str | None
    file_name: str
    media_type: str
    size_bytes: int
    sha256: str
    modality: Modality
    width: int = Field(description="stored columns")
    height: int = Field(description="stored rows")
    magnification: Magnification | None
    view: View | None
    laterality: Laterality | None
    study_date: date | None = Field(description="day of the examination, as the file or its uploader says")
    conflicts: list[ConflictRead] = Field(
        description="where it was said otherwise than by the file; what was said counts"
    )
    created_at: datetime


class ImageCorrected(ImageRead):
    """An image after a correction, with its newest job."""

    job: JobRead


class Twin(BaseModel):
    """Another image with the same bytes."""

    image_id: str
    job_id: str = Field(description="its newest job")
    case_id: str | None
    pseudonym: str | None = Field(description="of that case")


class Accepted(BaseModel):
    """An accepted upload: it is stored, and its analysis is queued."""

    image: ImageRead
    job: JobRead
    also_in: list[Twin] = Field(description="where you have the same bytes as the same kind of image already")
