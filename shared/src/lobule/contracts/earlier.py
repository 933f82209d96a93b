"""Claims as earlier versions exchanged them, for the minutes of an upgrade.

A worker says with a header which claims it understands: 4 for today's, 3 for those without reasons of errors and
opinions of regions, 2 for those without examinations too. Without the header it is of version 0.1 and gets the form of
that version. What a gateway of that version gives is read as well.
To be deleted once no site upgrades from them.
"""

from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from lobule.contracts.steps import CLAIM, Claim, InferenceClaim, RenderClaim, StepName

_HEADER = "Lobule-Claims"
HEADERS = {_HEADER: "4"}
"""What a worker that understands today's claims sends."""

_SINCE: Mapping[StepName, int] = {"examination": 3, "region": 4}
"""Version of the claims that brought a step."""

_CODES_SINCE = {
    "image_suspected",
    "image_not_sure",
    "images_no_sign",
    "earlier_suspected",
    "earlier_in_doubt",
    "earlier_still_analysed",
    "suspected_before",
    "other_patient",
    "film_refused",
    "correlate_with_tissue",
    "disease_extent",
}
"""Codes of reasons and suggestions that version 0.1 does not know."""


def claims_version(headers: Mapping[str, str]) -> int:
    """The version of the claims that a worker understands, by the headers of its request."""
    header = headers.get(_HEADER, "")
    return int(header) if header.isdecimal() else 1


def unknown_steps(version: int) -> list[StepName]:
    """The steps that a worker does not know, which it must not be given."""
    return [step for step, since in _SINCE.items() if version < since]


def given(claim: Claim, version: int) -> dict[str, Any]:
    """A claim in the form that a worker understands."""
    document = claim.model_dump(mode="json") if version >= 2 else as_before(claim)
    if version < 4 and isinstance(claim, RenderClaim) and (case := document["render"]["case"]):
        for error in (image["error"] for image in case["images"] if image["error"]):
            del error["reason"], error["values"]
    return document


def as_before(claim: Claim) -> dict[str, Any]:
    """A claim for a worker of version 0.1, which knows units of one image only, and reviews without ids of findings."""
    document = claim.model_dump(mode="json")
    if isinstance(claim, InferenceClaim):
        [subject] = document.pop("unit")["images"]
        document |= {"image": subject["image"], "image_key": subject["key"]}
    if isinstance(claim, RenderClaim) and (case := document["render"]["case"]):
        for review in (review for image in case["images"] for review in image["reviews"]):
            del review["finding_id"]
        for part in ("reasons", "suggestions"):
            items = case["conclusion"][part]
            case["conclusion"][part] = [_with_joined_lists(each) for each in items if each["code"] not in _CODES_SINCE]
    return document


def _with_joined_lists(item: dict[str, Any]) -> dict[str, Any]:
    """A reason or a suggestion whose values are all strings."""
    values: dict[str, str | list[str]] = item["values"]
    return item | {"values": {name: v if isinstance(v, str) else ", ".join(v) for name, v in values.items()}}


def read_claim(content: bytes) -> Claim:
    """A claim as a gateway of this version or of version 0.1 gives it.

    Raises: ValueError: Where it is none.
    """
    document = from_json(content)
    image, key = (document.pop(name, None) for name in ("image", "image_key"))
    if document.get("step") == "inference" and "unit" not in document:
        document["unit"] = {"images": [{"image_id": document["job_id"], "image": image, "key": key}]}
    return CLAIM.validate_python({name: value for name, value in document.items() if value is not None})
