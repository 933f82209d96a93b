"""A region of an image that a reader drew, and the system's opinion of it."""

from typing import Literal

from pydantic import Field

from lobule.contracts.document import Document
from lobule.contracts.result import Assessment, Box, ImageInfo, ModelInfo, Probability, Thresholds

RegionOutcome = Literal["answered", "too_coarse", "too_small", "too_large"]


class RegionRequest(Document):
    """What a `region` step is asked for."""

    image: ImageInfo = Field(description="what is known of the image, as the user corrected it")
    key: str = Field(description="object-store key of the uploaded bytes")
    box: Box = Field(description="the region, in pixels of the image as it was sent")


class RegionOpinion(Document):
    """What the classifier of regions says of one; all but `outcome` and the scale is null where it does not answer."""

    schema_version: Literal["1"] = Field(default="1", description="version of this document's form")
    outcome: RegionOutcome = Field(
        description="`answered`, or why not: the image is coarser, or the region smaller or larger, than what the "
        "classifier was measured on"
    )
    mm_per_pixel: float = Field(gt=0, description="scale of the image that the outcome rests on")
    coarsest_mm_per_pixel: float = Field(gt=0, description="coarser images are not answered")
    scale_assumed: bool = Field(description="the file does not say its scale: a film of usual height was assumed")
    kind: Literal["mass", "calcification"] | None = Field(default=None, description="the likelier kind of lesion")
    probability_kind: Probability | None = Field(default=None, description="probability of that kind")
    probability_malignant: Probability | None = Field(default=None, description="calibrated probability of malignancy")
    assessment: Assessment | None = Field(default=None, description="the same in three states, by `thresholds`")
    thresholds: Thresholds | None = Field(default=None, description="of regions; they differ from those of films")
    model: ModelInfo | None = Field(default=None, description="the classifier")
