"""The DICOM attributes that a stored object may keep, and in which form; all others are removed.

`retained.csv` lists the attributes that Lobule or a viewer needs. This is stricter than the Basic Application Level
Confidentiality Profile (DICOM PS3.15, table E.1-1), which lists attributes to remove: new attributes of later editions
and private attributes of manufacturers are removed as well.
"""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple, get_args

Action = Literal["keep", "empty", "observer", "date", "age", "study", "series", "instance", "uid"]
"""The treatment of a value: kept, emptied, kept only for observers, shifted by days, limited to 90 years, or, for a
UID, replaced by its role."""
UID_ROLES = frozenset[str]({"study", "series", "instance", "uid"})
Scope = Literal["film", "result"]


class Rule(NamedTuple):
    """The treatment of an attribute.

    Attributes:
        representation: Its value representation in the standard.
        action: Treatment of its value.
    """

    representation: str
    action: Action


@cache
def retained(scope: Scope) -> Mapping[int, Rule]:
    """The attributes that an object keeps, by tag.

    Args:
        scope: Kind of the object: a received film, or a result of Lobule, which has more structure.
    """
    lines = files("lobule.imaging.dicom").joinpath("retained.csv").read_text("ascii").splitlines()
    rows = [row for row in csv.DictReader(lines) if row["scope"] in ("all", scope)]
    assert {row["action"] for row in rows} <= set(get_args(Action))
    return {int(row["tag"], 16): Rule(row["vr"], row["action"]) for row in rows}  # pyright: ignore[reportArgumentType]
