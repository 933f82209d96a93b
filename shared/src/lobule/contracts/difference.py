"""The difference of a film from the film of the other breast, as a picture for the reader."""

from pydantic import Field

from lobule.contracts.document import Document


class FilmDifference(Document):
    """Where a film is brighter than the mirrored film of the other breast.

    The picture describes no finding and counts in no number: normal breasts differ, too.
    """

    job_id: str = Field(description="analysis of the film")
    other: str = Field(description="analysis of the film of the other breast")
    file: str = Field(
        description="a grey PNG of the whole uploaded image, at most 512 pixels long: 0 where the film is not "
        "brighter or is not compared, 255 where it is brighter by `strongest` or more"
    )
    strongest: float = Field(gt=0, description="standard deviations of the brightness within the breast")
