"""Signatures without a combined reading of a case's films."""

from typing import Any

APART: dict[str, Any] = {"acknowledged": ["not_read_together"]}
"""A statement that accepts a report without the combined reading, which is still pending."""


def apart(said: dict[str, Any]) -> dict[str, Any]:
    """A statement that accepts this, too."""
    return said | {"acknowledged": [*said.get("acknowledged", []), *APART["acknowledged"]]}
