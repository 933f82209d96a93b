"""What a stored object may keep of a DICOM file, and in which form; everything else is removed.

`retained.csv` lists the attributes that Lobule or a viewer needs. It is stricter than the Basic Application Level
Confidentiality Profile (DICOM PS3.15, table E.1-1), which lists what is to be removed: attributes that a later edition
of the standard adds, or that a manufacturer invents, are removed as well.
"""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple, get_args

Action = Literal["keep", "empty", "observer", "date", "age", "study", "series", "instance", "uid"]
"""What becomes of a value: kept, emptied, kept of who observed and emptied of others, shifted by days, limited to 90
years, or, a UID, replaced by its role."""
UID_ROLES = frozenset[str]({"study", "series", "instance", "uid"})
Scope = Literal["film", "result"]


class Rule(NamedTuple):
    """What becomes of an attribute.

    Attributes:
        representation: The value representation that the standard gives it.
        action: What becomes of its value.
    """

    representation: str
    action: Action


@cache
def retained(scope: Scope) -> Mapping[int, Rule]:
    """The attributes that an object keeps, by tag.

    Args:
        scope: A film that was received, or a result that Lobule made; a result has more structure.
    """
    lines = files("lobule.imaging.dicom").joinpath("retained.csv").read_text("ascii").splitlines()
    rows = [row for row in csv.DictReader(lines) if row["scope"] in ("all", scope)]
    assert {row["action"] for row in rows} <= set(get_args(Action))
    return {int(row["tag"], 16): Rule(row["vr"], row["action"]) for row in rows}  # pyright: ignore[reportArgumentType]
