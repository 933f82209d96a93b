"""The request to read the films of an examination together."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from lobule.contracts.document import Document
from lobule.contracts.result import ImageInfo, Laterality, StandardView

ImageRole = Literal["current", "prior"]
WORK_UP = timedelta(days=120)
"""An examination that follows another one within this time may be its work-up, and does not make it history."""


class AnalysedImage(Document):
    """An image of an examination, with the result of its own analysis."""

    job_id: str = Field(description="its analysis")
    role: ImageRole = Field(description="`current`, or `prior` of an earlier examination, which is compared with alone")
    image: ImageInfo = Field(description="what is known of it, as the user corrected it")
    key: str = Field(description="object-store key of the uploaded bytes")
    result_prefix: str = Field(description="where its analysis left the result")


class FailedPrior(Document):
    """A film of an earlier examination that could not be analysed."""

    job_id: str = Field(description="its analysis")
    laterality: Laterality = Field(description="which breast it shows")
    view: StandardView = Field(description="view of the film")


class ExaminationRequest(Document):
    """The input of an `examination` step."""

    images: list[AnalysedImage] = Field(min_length=1, description="of one modality, current ones first")
    failed: list[Laterality | None] = Field(
        default=[], description="of each current image that could not be analysed, which breast it shows, if known"
    )
    in_doubt: list[Laterality | None] = Field(
        default=[],
        description="breasts that something beside these films keeps from being called negative, such as an unread "
        "earlier film; null if it may be of either",
    )
    failed_priors: list[FailedPrior] = Field(
        default=[], description="films of earlier examinations that could not be analysed"
    )
