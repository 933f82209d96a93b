"""Writes the table of docs/limits.md: every limit that `lobule.limits` defines."""

import re
import sys
from pathlib import Path

from lobule.limits import LIMITS, Limit

DOCUMENT = Path(__file__).parents[1] / "docs" / "limits.md"
_TABLE = re.compile(r"(<!-- limits -->\n).*(<!-- /limits -->)", re.DOTALL)
_HEAD = "| of | what | at most | code | why |\n|---|---|---:|---|---|\n"


def _row(limit: Limit) -> str:
    value, unit = limit.value, limit.unit
    if unit.startswith("bytes"):
        for factor, name in ((1 << 20, "MiB"), (1_000_000, "MB"), (1 << 10, "KiB")):
            if value % factor == 0:
                value, unit = value // factor, unit.replace("bytes", name)
                break
    code = f"`{limit.code}`" if limit.code else ""
    return f"| {limit.of} | {limit.what} | {value:,} {unit}".rstrip() + f" | {code} | {limit.why} |\n"


def render() -> str:
    """The document."""
    table = _HEAD + "".join(map(_row, LIMITS))
    return _TABLE.sub(lambda found: found[1] + table + found[2], DOCUMENT.read_text("utf-8"))


if __name__ == "__main__":
    DOCUMENT.write_text(render(), "utf-8")
    sys.stdout.write(render())
