"""Claims as earlier versions exchanged them, for the minutes of an upgrade.

A worker states in a header which claims it understands: 8 for the current ones, 7 for those without the differences of
breasts, 6 for those without the axes of films as well, 5 for those without the aspect of pixels as well, 4 for those
without micrometres per pixel as well, 3 for those without opinions of regions as well, 2 for those without
examinations as well. A worker that sends no header has version 0.1 and gets claims in the form of that version. Claims
from a gateway of that version can be read.
Delete this module when no site upgrades from those versions any more.
"""

from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from lobule.contracts.steps import CLAIM, Claim, InferenceClaim, StepName

_HEADER = "Lobule-Claims"
HEADERS = {_HEADER: "8"}
"""The header value of a worker that understands the current claims."""

_SINCE: Mapping[StepName, int] = {"examination": 6, "region": 4, "render": 8}
"""The version of the claims that introduced a step. For `examination` and `render`, the last version that added to what
these steps read as a whole, results and, for `render`, joint readings: they wait for a worker that knows all of it."""

_OF_IMAGES: Mapping[str, int] = {"um_per_pixel": 5, "pixel_aspect": 6}
"""The version of the claims that introduced a field of images. Workers refuse unknown fields, even empty ones."""


def claims_version(headers: Mapping[str, str]) -> int:
    """The version of the claims that a worker understands, from the headers of its request."""
    header = headers.get(_HEADER, "")
    return int(header) if header.isdecimal() else 1


def unknown_steps(version: int) -> list[StepName]:
    """The steps that a worker does not know and must not be given."""
    return [step for step, since in _SINCE.items() if version < since]


def convert_claim(claim: Claim, version: int) -> dict[str, Any]:
    """Convert a claim to the form that a worker understands; its step must not be one of `unknown_steps`."""
    unknown = {"image": {field for field, since in _OF_IMAGES.items() if version < since}}
    of_images: Any = {"images": {"__all__": unknown}}
    exclude: Any = {"unit": of_images, "examination": of_images, "region": unknown}
    document = claim.model_dump(mode="json", exclude=exclude)
    if version < 2 and isinstance(claim, InferenceClaim):
        [subject] = document.pop("unit")["images"]
        document |= {"image": subject["image"], "image_key": subject["key"]}
    return document


def read_claim(content: bytes) -> Claim:
    """Read a claim from a gateway of this version or of version 0.1.

    Raises:
        ValueError: The content is not a claim.
    """
    document = from_json(content)
    image, key = (document.pop(name, None) for name in ("image", "image_key"))
    if document.get("step") == "inference" and "unit" not in document:
        document["unit"] = {"images": [{"image_id": document["job_id"], "image": image, "key": key}]}
    for each in document.get("unit", {}).get("images", ()):
        each.pop("role", None)  # always `current`, from gateways that send claims of version 5 and earlier
    return CLAIM.validate_python({name: value for name, value in document.items() if value is not None})
