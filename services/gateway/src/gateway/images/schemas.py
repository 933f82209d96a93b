"""Images as the API shows them."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from gateway.jobs.schemas import JobRead
from lobule.contracts.result import Laterality, Magnification, Modality, View


class ImageOptions(BaseModel):
    """What the uploader says of an image; the text fields of the upload."""

    model_config = ConfigDict(extra="forbid")

    modality: Modality
    case_id: str | None = Field(default=None, max_length=36)
    magnification: Magnification | None = None
    view: View | None = None
    laterality: Laterality | None = None


class ImageCorrection(BaseModel):
    """What is put right about an image; what is not given stays, null means "not known"."""

    model_config = ConfigDict(extra="forbid")

    modality: Modality | None = Field(default=None, description="another one analyses the image again")
    magnification: Magnification | None = None
    view: View | None = None
    laterality: Laterality | None = None
    case_id: str | None = Field(default=None, max_length=36, description="moves the image; null takes it out")


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
    created_at: datetime


class ImageCorrected(ImageRead):
    """An image after a correction, with its newest job."""

    job: JobRead


class Twin(BaseModel):
    """An image of the same bytes, elsewhere."""

    image_id: str
    job_id: str = Field(description="its newest job")
    case_id: str | None
    pseudonym: str | None = Field(description="of that case")


class Accepted(BaseModel):
    """An upload that was accepted: it is stored, and its analysis will happen."""

    image: ImageRead
    job: JobRead
    also_in: list[Twin] = Field(description="where you have the same bytes as the same kind of image already")
