"""Signatures where no worker reads the films of a case together."""

from typing import Any

APART: dict[str, Any] = {"acknowledged": ["not_read_together"]}
"""A statement that accepts a report without the joint reading, which is still awaited."""


def apart(said: dict[str, Any]) -> dict[str, Any]:
    """A statement that accepts this, too."""
    return said | {"acknowledged": [*said.get("acknowledged", []), *APART["acknowledged"]]}
