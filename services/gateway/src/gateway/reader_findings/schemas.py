"""Readers' findings as the API takes them."""

import math
from itertools import pairwise
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lobule.contracts.reader import FindingKind, FindingReference, Shape
from lobule.contracts.result import Box

_MOST_POINTS = 2000
_Pixels = Annotated[float, Field(allow_inf_nan=False)]


class ReaderFindingWrite(BaseModel):
    """A finding that a reader draws or changes. A box and an ellipse need `box`, an outline needs `outline`."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    image_id: str = Field(max_length=36, description="image of the case that it is drawn on")
    kind: FindingKind = Field(description="kind of lesion, in the reader's opinion")
    shape: Shape = Field(description="shape of the drawing; an ellipse fills its box")
    box: Box | None = Field(
        default=None, description="box in pixels of the uploaded image; for an outline, it is computed"
    )
    outline: list[tuple[_Pixels, _Pixels]] | None = Field(
        default=None,
        min_length=3,
        max_length=_MOST_POINTS,
        description="closed polygon, (x, y); whole numbers are centres of pixels",
    )
    corrects: FindingReference | None = Field(
        default=None, description="finding of the system whose outline this one replaces; of the same image"
    )
    comment: str = Field(default="", max_length=2000, description="note of the reader; empty for none")

    @model_validator(mode="after")
    def _has_its_shape(self) -> "ReaderFindingWrite":
        if (self.outline is None) == (self.shape == "outline"):
            raise ValueError("an outline needs `outline`, and nothing else has one")
        if self.box is None and self.shape != "outline":
            raise ValueError("a box and an ellipse need `box`")
        return self

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, upper, right and lower edge. Points of an outline are half a pixel from the edges of their pixels."""
        if self.outline is None:
            assert self.box is not None, "the shape is checked"
            box = self.box
            return box.x, box.y, box.x + box.width, box.y + box.height
        across, down = zip(*self.outline, strict=True)
        return min(across) + 0.5, min(down) + 0.5, max(across) + 0.5, max(down) + 0.5

    @property
    def length(self) -> float:
        """The length of an outline, in pixels; 0 without one."""
        points = self.outline or []
        return sum(math.dist(here, there) for here, there in pairwise([*points, *points[:1]]))


class SameLesionWrite(BaseModel):
    """Two findings to mark as the same lesion."""

    model_config = ConfigDict(extra="forbid")

    one: FindingReference = Field(description="a finding")
    other: FindingReference = Field(description="the other one")
