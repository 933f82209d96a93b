"""Where films hang in a report: the four views, each in its own place, so that right hangs beside left."""

from collections.abc import Sequence

from pydantic import Field

from lobule.contracts.case import HANGINGS, Hanging
from lobule.words import Words
from report.parts import Part
from report.section import ImageSection


class Place(Part):
    """A place in the row of films: one of the four views, with its film or what stands there instead."""

    name: str = Field(description="the view, or what the film is called")
    index: int | None = Field(description="of `images`; null where there is no film to show")
    words: str = Field(description="why there is none; else empty")


def places(
    hung: Sequence[int],
    hanging: Sequence[Hanging | None],
    sections: Sequence[ImageSection],
    missing: Sequence[Hanging],
    text: Words,
) -> tuple[Place, ...]:
    """The four views in a row, whichever are there, so that right hangs beside left; then all other films."""
    first = {hanging[i]: i for i in reversed(hung) if hanging[i]}
    others = [Place(name=sections[i].name, index=i, words="") for i in hung if i not in first.values()]
    if not first:
        return tuple(others)
    views = [
        Place(name=sections[first[view]].name, index=first[view], words="")
        if view in first
        else Place(name=view, index=None, words=text("pictures.missing" if view in missing else "conclusion.none"))
        for view in HANGINGS
    ]
    return (*views, *others)


def order(hanging: Hanging | None) -> int:
    """Where a view stands in the row; films without one come last."""
    return len(HANGINGS) if hanging is None else HANGINGS.index(hanging)
