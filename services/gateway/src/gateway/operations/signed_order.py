"""Restores the order in which the content of a signed report was signed.

Versions before this one sorted the keys in backups. The fingerprint and the signature of a report are over its JSON, in
which the keys stand in the order of the contracts' fields.
"""

from typing import Any, cast

from pydantic import ValidationError

from gateway.reports.content import fingerprint
from lobule.contracts.case import CaseContent


def in_signed_order(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a signed report, with its keys as they were signed if the fingerprint confirms it; else as it is."""
    content = row["content"]
    if fingerprint(content) == row["sha256"]:
        return row
    try:
        ordered = _ordered(content, CaseContent.model_validate(content).model_dump(mode="json"))
    except ValidationError:
        return row
    return row | {"content": ordered} if fingerprint(ordered) == row["sha256"] else row


def _ordered(value: Any, like: Any) -> Any:
    """A value with its keys in the order of another one, of which it may lack some."""
    if isinstance(value, dict) and isinstance(like, dict):
        given, wanted = cast("dict[str, Any]", value), cast("dict[str, Any]", like)
        return {key: _ordered(given[key], wanted[key]) for key in wanted if key in given}
    if isinstance(value, list) and isinstance(like, list):
        pairs = zip(cast("list[Any]", value), cast("list[Any]", like), strict=True)
        return [_ordered(one, other) for one, other in pairs]
    return value
