"""Measurements of tissue on a field, beside its assessment."""

from typing import Literal

from pydantic import Field

from lobule.contracts.document import Document

ScaleSource = Literal["given", "file", "magnification"]


class Nuclei(Document):
    """Nuclei that were found and measured: measurements, never a grade."""

    count: int = Field(ge=0, description="nuclei in the examined part of the field")
    per_mm2: float = Field(ge=0, description="nuclei on a square millimetre of tissue")
    area_um2: float | None = Field(description="median area in square micrometres; null where there is no nucleus")
    area_variation: float | None = Field(
        description="spread of the areas: interquartile range over the median; null where there are few nuclei"
    )


class Tissue(Document):
    """The tissue of a field, read by the micrometre."""

    um_per_pixel: float = Field(gt=0, description="micrometres a pixel that the field was read at")
    scale_source: ScaleSource = Field(
        description="origin of the scale: given with the image, written in the file, or taken from the magnification"
    )
    unlike_training: float = Field(
        ge=0, le=1, description="how unlike the tissue is to that which the system learned from: the share of its "
        "fields that are more alike; from 0.98 on the assessment is never certain"
    )  # fmt: skip
    probability_tumour: float = Field(
        ge=0, le=1, description="calibrated probability of invasive carcinoma where it is highest, on 0.2 mm"
    )
    nuclei: Nuclei | None = Field(
        default=None, description="measured nuclei; null where the field is too coarse to show them"
    )
