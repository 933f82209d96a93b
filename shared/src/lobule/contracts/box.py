"""Places on an image, in pixels of the upright image: origin at the upper left corner, x to the right."""

from pydantic import ConfigDict, Field

from lobule.contracts.document import Document


class Box(Document):
    """Axis-aligned box in pixels; covers [x, x + width) by [y, y + height)."""

    model_config = ConfigDict(allow_inf_nan=False)

    x: float = Field(description="left edge, pixels from the left of the image")
    y: float = Field(description="upper edge, pixels from the top of the image")
    width: float = Field(gt=0, description="pixels")
    height: float = Field(gt=0, description="pixels")


class BreastArea(Document):
    """The part of a film that shows the breast, to which viewers and reports crop it."""

    box: Box = Field(description="around all tissue, without frames and labels beside the breast")
    tips: list[tuple[float, float]] = Field(
        min_length=2,
        max_length=2,
        description="points (x, y) where the outline reaches furthest to the left and to the right of the hung film; "
        "the one away from the chest wall is near the nipple",
    )
