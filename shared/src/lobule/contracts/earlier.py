"""Claims as earlier versions exchanged them, for the minutes of an upgrade.

A worker says with a header which claims it understands: 5 for today's, 4 for those without micrometres per pixel, 3 for
those without opinions of regions too, 2 for those without examinations too. Without the header it is of version 0.1
and gets the form of that version. What a gateway of that version gives is read as well.
To be deleted once no site upgrades from them.
"""

from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from lobule.contracts.steps import CLAIM, Claim, InferenceClaim, StepName

_HEADER = "Lobule-Claims"
HEADERS = {_HEADER: "5"}
"""What a worker that understands today's claims sends."""

_SINCE: Mapping[StepName, int] = {"examination": 3, "region": 4, "render": 5}
"""Version of the claims that brought a step. Of `render`, the last that added to what a report of a case states:
nothing may be left out of one, so it waits for a report service that knows it all."""

_SCALE: Any = {
    "unit": {"images": {"__all__": {"image": {"um_per_pixel"}}}},
    "examination": {"images": {"__all__": {"image": {"um_per_pixel"}}}},
    "region": {"image": {"um_per_pixel"}},
}
"""What version 5 brought. Workers refuse fields that they do not know, also empty ones."""


def claims_version(headers: Mapping[str, str]) -> int:
    """The version of the claims that a worker understands, by the headers of its request."""
    header = headers.get(_HEADER, "")
    return int(header) if header.isdecimal() else 1


def unknown_steps(version: int) -> list[StepName]:
    """The steps that a worker does not know, which it must not be given."""
    return [step for step, since in _SINCE.items() if version < since]


def given(claim: Claim, version: int) -> dict[str, Any]:
    """A claim in the form that a worker understands; its step is none of `unknown_steps`."""
    document = claim.model_dump(mode="json", exclude=_SCALE if version < 5 else None)
    if version < 2 and isinstance(claim, InferenceClaim):
        [subject] = document.pop("unit")["images"]
        document |= {"image": subject["image"], "image_key": subject["key"]}
    return document


def read_claim(content: bytes) -> Claim:
    """A claim as a gateway of this version or of version 0.1 gives it.

    Raises: ValueError: Where it is none.
    """
    document = from_json(content)
    image, key = (document.pop(name, None) for name in ("image", "image_key"))
    if document.get("step") == "inference" and "unit" not in document:
        document["unit"] = {"images": [{"image_id": document["job_id"], "image": image, "key": key}]}
    return CLAIM.validate_python({name: value for name, value in document.items() if value is not None})
