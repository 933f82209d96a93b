"""Corrections of images as the API takes and answers them."""

from pydantic import BaseModel, ConfigDict, Field

from gateway.images.schemas import ImageRead, StudyDate
from gateway.jobs.schemas import JobRead
from lobule.contracts.modality import UmPerPixel
from lobule.contracts.result import Laterality, Magnification, Modality, View


class ImageCorrection(BaseModel):
    """A correction of an image; fields that are not given stay, and null means unknown."""

    model_config = ConfigDict(extra="forbid")

    modality: Modality | None = Field(default=None, description="another one analyses the image again")
    um_per_pixel: UmPerPixel | None = Field(
        default=None, description="micrometres a pixel of a field; null takes away what was said"
    )
    magnification: Magnification | None = Field(
        default=None, description="magnification of the objective; null takes away what was said"
    )
    view: View | None = Field(default=None, description="view of the film; null takes away what was said")
    laterality: Laterality | None = Field(default=None, description="which breast; null takes away what was said")
    study_date: StudyDate | None = Field(default=None, description="day of the examination")
    case_id: str | None = Field(default=None, max_length=36, description="moves the image; null takes it out")
    accept_other_patient: bool = Field(
        default=False, description="move it although its file names another patient than those of the case"
    )


class ImageCorrected(ImageRead):
    """An image after a correction, with its newest job."""

    job: JobRead = Field(description="its newest analysis; a new one where the correction changes what is analysed")
