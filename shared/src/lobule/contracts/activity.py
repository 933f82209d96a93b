"""What is being done at a step, as a code with values; the catalogue has a sentence for each."""

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
        "looking_for_masses",
        "next_in_line",
        "one_image_ahead",
        "patches",
        "reading_film",
        "reading_image",
        "reading_result",
        "starting",
        "waiting_for_report_service",
        "waiting_for_worker",
    }
)
"""What the services of Lobule say. A worker of another modality may say more."""


class Activity(Document):
    """What is being done now."""

    code: ActivityCode
    values: dict[str, int | str] = Field(default={}, description="what the sentence names")


def activity(code: str, **values: int | str) -> Activity:
    """An activity by its code, with what its sentence names."""
    return Activity(code=code, values=values)


DONE = activity("done")
