"""The tissue of a field: where carcinoma is likely, and how unlike the tissue is to that of training."""

from typing import Annotated, Literal

from pydantic import Field

from lobule.contracts.document import Document

ScaleSource = Literal["given", "file", "magnification", "estimated"]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class TissueRegion(Document):
    """A square of tissue that is likely to contain invasive carcinoma, in pixels of the upright image."""

    x: int = Field(ge=0, description="left edge, pixels from the left of the image")
    y: int = Field(ge=0, description="upper edge, pixels from the top of the image")
    width: int = Field(gt=0, description="pixels")
    height: int = Field(gt=0, description="pixels")
    probability_tumour: Share = Field(description="calibrated probability of invasive carcinoma in the square")


class Tissue(Document):
    """The output of the tissue network for a field whose scale is known."""

    model: str = Field(description="name and version of the tissue network")
    um_per_pixel: float = Field(gt=0, description="micrometres per pixel at which the field was read")
    scale_source: ScaleSource = Field(
        description="origin of the scale: given with the image, written in its file, that of the magnification, or "
        "estimated from the picture"
    )
    probability_tumour: Share = Field(
        description="calibrated probability of invasive carcinoma where it is highest, on a square of 0.2 mm"
    )
    tumour_share: Share = Field(description="share of the tissue that the tumour map marks")
    marked_from: Share = Field(description="probability from which the tumour map marks tissue")
    unlike_training: Share = Field(
        description="share of the training fields that are more similar to the training tissue than this field; "
        "from 0.98 on, the field is unlike it, and the assessment is never certain"
    )
    regions: list[TissueRegion] = Field(
        default=[], description="separate places at which carcinoma is most likely, the most probable first"
    )
