"""Corrections of images as the API takes and answers them."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.cases.schemas import Reason
from gateway.images.schemas import ImageRead, StudyDate
from gateway.jobs.schemas import JobRead
from lobule.contracts.modality import UmPerPixel
from lobule.contracts.result import Laterality, Magnification, Modality, View
from lobule.one_line import ONE_LINE


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


class ImageExclusion(BaseModel):
    """Where an image goes that does not belong to its case."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"into": "new_case", "pseudonym": "P-2026-0043", "reason": "sent under another order"}
        },
    )

    into: Literal["new_case", "case", "deletion"] = Field(
        description="a new case of its own, the case `case_id`, or deletion"
    )
    reason: Reason = Field(description="reason without names, which the audit log records")
    case_id: str | None = Field(default=None, max_length=36, description="for `case`: the case to move it to")
    pseudonym: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        pattern=ONE_LINE,
        description="for `new_case`: its pseudonym; by default one is drawn",
    )
    accept_other_patient: bool = Field(
        default=False,
        description="for `case`: whether to move it although its file names another patient than that case's files",
    )

    @model_validator(mode="after")
    def _check_target(self) -> Self:
        if (self.into == "case") != (self.case_id is not None):
            raise ValueError("Give `case_id` with `case` alone")
        if self.into != "new_case" and self.pseudonym is not None:
            raise ValueError("Give `pseudonym` with `new_case` alone")
        return self


class ImageExcluded(BaseModel):
    """Where an excluded image is now."""

    case_id: str | None = Field(description="case of the image; null if it was deleted")
