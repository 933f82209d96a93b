"""Claims as version 0.1 exchanged them, for the minutes in which another version replaces it.

A worker that understands today's claims says so with a header; without it, it gets the earlier form. What a gateway of
that version gives is read as well. To be deleted once no site upgrades from it.
"""

from typing import Any

from pydantic_core import from_json

from lobule.contracts.steps import CLAIM, Claim, InferenceClaim, RenderClaim

HEADERS = {"Lobule-Claims": "2"}
"""What a worker that understands today's claims sends."""

_CODES_SINCE = {"image_suspected", "image_not_sure", "images_no_sign", "correlate_with_tissue", "disease_extent"}
"""Codes of reasons and suggestions that version 0.1 does not know."""


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
            said = case["conclusion"][part]
            case["conclusion"][part] = [_with_joined_lists(each) for each in said if each["code"] not in _CODES_SINCE]
    return document


def _with_joined_lists(said: dict[str, Any]) -> dict[str, Any]:
    """A reason or a suggestion whose values are all strings."""
    values: dict[str, str | list[str]] = said["values"]
    return said | {"values": {name: v if isinstance(v, str) else ", ".join(v) for name, v in values.items()}}


def read_claim(content: bytes) -> Claim:
    """A claim as a gateway of this version or of version 0.1 gives it.

    Raises:
        ValueError: Where it is none.
    """
    document = from_json(content)
    image, key = (document.pop(name, None) for name in ("image", "image_key"))
    if document.get("step") == "inference" and "unit" not in document:
        document["unit"] = {"images": [{"image_id": document["job_id"], "image": image, "key": key}]}
    return CLAIM.validate_python({name: value for name, value in document.items() if value is not None})
