"""Views of mammograms by their ACR codes: a projection, a modifier, or both in one code, such as `MCC`."""

from collections.abc import Collection
from types import MappingProxyType
from typing import Literal, get_args

StandardView = Literal["CC", "MLO"]
"""The two screening views, which a case hangs and compares."""
Projection = Literal[StandardView, "ML", "LM", "LMO", "SIO", "ISO", "FB", "XCC", "XCCL", "XCCM", "AT", "CV", "TAN"]
Modifier = Literal["SM", "M", "S", "RL", "RM", "RS", "RI"]
"""Magnification, spot compression, both, and the four ways to roll a breast; as a view, of an unknown projection."""
# fmt: off
ModifiedView = Literal[
    "MCC", "MMLO", "MML", "MLM", "MLMO", "MSIO", "MISO", "MFB", "MXCC", "MXCCL", "MXCCM", "MAT", "MCV", "MTAN",
    "SCC", "SMLO", "SML", "SLM", "SLMO", "SSIO", "SISO", "SFB", "SXCC", "SXCCL", "SXCCM", "SAT", "SCV", "STAN",
    "SMCC", "SMMLO", "SMML", "SMLM", "SMLMO",
    "CCRL", "CCRM", "CCRS", "CCRI",
    "MLORL", "MLORM", "MLORS", "MLORI",
    "MLRL", "MLRM", "MLRS", "MLRI",
    "LMRL", "LMRM", "LMRS", "LMRI",
]
# fmt: on
"""A projection with its modifier: before it for magnification and spot compression, after it for a rolled breast."""
MammographyView = Literal[Projection, Modifier, ModifiedView]

_MODIFIERS: tuple[Modifier, ...] = get_args(Modifier)
_SHOWN: dict[str, str] = {"M": "MAG", "S": "SPOT", "SM": "SPOT MAG"}  # `L M` would be taken for lateromedial
_JOINED: dict[tuple[str | None, str], str] = {
    (projection, modifier): f"{projection}{modifier}" if modifier[0] == "R" else f"{modifier}{projection}"
    for projection in get_args(Projection)
    for modifier in _MODIFIERS
}
_CODES: frozenset[str] = frozenset(get_args(ModifiedView))
_SPLIT = MappingProxyType({code: parts for parts, code in _JOINED.items() if code in _CODES})


def parts_of(view: str) -> tuple[str | None, str | None]:
    """The projection of a view, and its modifier; an unknown view counts as a projection."""
    if view in _SPLIT:
        return _SPLIT[view]
    return (None, view) if view in _MODIFIERS else (view, None)


def modified(projection: str | None, modifiers: Collection[str]) -> MammographyView:
    """The view of a projection with modifiers. Without a code for all of them, the first that has one counts.

    Args:
        projection: The projection; None if it is unknown.
        modifiers: At least one modifier.
    """
    both: list[Modifier] = ["SM"] if {"S", "M"} <= {*modifiers} else []
    wanted = [*both, *(modifier for modifier in _MODIFIERS if modifier in modifiers)]
    codes = [_JOINED.get((projection, modifier)) for modifier in wanted]
    return next((code for code in codes if code in _CODES), wanted[0])  # pyright: ignore[reportReturnType]


def shown_view(view: str) -> str:
    """The name of a view: its projection and its modifier, such as `CC MAG`, `XCCL` or `SPOT`."""
    projection, modifier = parts_of(view)
    return " ".join(part for part in (projection, modifier and _SHOWN.get(modifier, modifier)) if part)
