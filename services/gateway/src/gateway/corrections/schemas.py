"""Corrections of images as the API takes and answers them."""

from pydantic import BaseModel, ConfigDict, Field

from gateway.images.schemas import ImageRead, StudyDate
from gateway.jobs.schemas import JobRead
from lobule.contracts.modality import UmPerPixel
from lobule.contracts.result import Laterality, Magnification, Modality, View


class ImageCorrection(BaseModel):
    """A correction of an image. Fields that are not given do not change; null means unknown."""

    model_config = ConfigDict(extra="forbid")

    modality: Modality | None = Field(default=None, description="modality; a change analyses the image again")
    um_per_pixel: UmPerPixel | None = Field(
        default=None, description="micrometres per pixel of a field; null removes the value"
    )
    magnification: Magnification | None = Field(
        default=None, description="magnification of the objective; null removes the value"
    )
    view: View | None = Field(default=None, description="view of the film; null removes the value")
    laterality: Laterality | None = Field(default=None, description="side of the breast; null removes the value")
    study_date: StudyDate | None = Field(default=None, description="day of the examination")
    case_id: str | None = Field(
        default=None, max_length=36, description="case to move the image to; null takes it out of its case"
    )
    accept_other_patient: bool = Field(
        default=False,
        description="whether to move it although its file names another patient than the files of the case",
    )


class ImageCorrected(ImageRead):
    """An image after a correction, with its newest job."""

    job: JobRead = Field(description="its newest analysis; a new one if the correction requires it")
