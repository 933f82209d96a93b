"""A region of an image that a reader drew, and the system's opinion of it."""

from typing import Literal

from pydantic import Field

from lobule.contracts.document import Document
from lobule.contracts.result import Assessment, Box, ImageInfo, ModelInfo, Probability, Thresholds

RegionOutcome = Literal["answered", "too_coarse", "too_small", "too_large", "no_tissue"]


class RegionRequest(Document):
    """The input of a `region` step."""

    image: ImageInfo = Field(description="what is known of the image, as the user corrected it")
    key: str = Field(description="object-store key of the uploaded bytes")
    box: Box = Field(description="the region, in pixels of the image as it was sent")


class RegionOpinion(Document):
    """The opinion of the classifier of regions on one region.

    Without an answer, all fields but `outcome` and the scale are null.
    """

    schema_version: Literal["1"] = Field(default="1", description="version of the document's format")
    outcome: RegionOutcome = Field(
        description="`answered`, or the reason why not: the image is coarser, or the region is smaller or larger,"
        " than those on which the classifier was measured, or the region lies beside the breast"
    )
    mm_per_pixel: float = Field(gt=0, description="scale of the image on which the outcome is based")
    coarsest_mm_per_pixel: float = Field(gt=0, description="coarsest scale for which there is an answer")
    scale_assumed: bool = Field(
        description="whether a film of usual height was assumed because the file does not state its scale"
    )
    kind: Literal["mass", "calcification"] | None = Field(default=None, description="more likely kind of lesion")
    probability_kind: Probability | None = Field(default=None, description="probability of that kind")
    probability_malignant: Probability | None = Field(default=None, description="calibrated probability of malignancy")
    assessment: Assessment | None = Field(default=None, description="assessment by `thresholds`")
    thresholds: Thresholds | None = Field(
        default=None, description="thresholds for regions, which differ from those for films"
    )
    model: ModelInfo | None = Field(default=None, description="the classifier")
