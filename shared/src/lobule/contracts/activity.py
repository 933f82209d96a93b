"""The current activity of a step, as a code with values. The catalogue has a sentence for each."""

from typing import Annotated

from pydantic import Field, StringConstraints

from lobule.contracts.document import Document

ActivityCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,49}$")]

ACTIVITY_CODES = frozenset(
    {
        "checking_field",
        "checking_mammogram",
        "cutting_patches",
        "done",
        "drawing",
        "drawing_evidence",
        "drawing_report",
        "finding_breast",
        "images_ahead",
        "looking_for_calcifications",
        "looking_for_masses",
        "next_in_line",
        "one_image_ahead",
        "patches",
        "reading_film",
        "reading_image",
        "reading_result",
        "reading_tissue",
        "starting",
        "waiting_for_report_service",
        "waiting_for_worker",
    }
)
"""The codes of Lobule's own services. A worker of another modality may use others."""


class Activity(Document):
    """The current activity."""

    code: ActivityCode
    values: dict[str, int | str] = Field(default={}, description="values in the sentence")


def activity(code: str, **values: int | str) -> Activity:
    """Make an activity from its code and the values in its sentence."""
    return Activity(code=code, values=values)


DONE = activity("done")
