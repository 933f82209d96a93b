"""The axis of a breast on a film, relative to which places in it are given."""

from pydantic import Field

from lobule.contracts.document import Document
from lobule.contracts.views import StandardView

Point = tuple[float, float]


class FilmAxis(Document):
    """The posterior nipple line of a film, from the nipple back to the chest wall, in pixels of the uploaded image."""

    job_id: str = Field(description="analysis of the film")
    view: StandardView = Field(description="view of the film")
    nipple: Point = Field(description="the nipple (x, y)")
    wall: Point = Field(description="where the line ends: at the chest wall, or at the film's edge if that comes first")
    side: Point = Field(
        description="a point beside the nipple, at right angles to the line and as far away as `wall`: towards the "
        "outer half of the breast on a CC film, towards its upper half on an MLO film"
    )
    upright: bool = Field(description="false if the film's orientation is in doubt, and with it which side `side` is")
