"""The positions of films in a report: each of the four views has a fixed place, right beside left."""

from collections.abc import Sequence

from pydantic import Field

from lobule.contracts.case import HANGINGS, Hanging
from lobule.words import Words
from report.parts import Part
from report.section import ImageSection


class Place(Part):
    """A place in the row of films: one of the four views, with its film or the reason why there is none."""

    name: str = Field(description="the view, or what the film is called")
    index: int | None = Field(description="of `images`; null if there is no film to show")
    words: str = Field(description="why there is none; else empty")


def places(
    hung: Sequence[int],
    hanging: Sequence[Hanging | None],
    sections: Sequence[ImageSection],
    missing: Sequence[Hanging],
    text: Words,
) -> tuple[Place, ...]:
    """The places of all films: the four views with right beside left, then all other films."""
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
    """The position of a view in the row; films without a view come last."""
    return len(HANGINGS) if hanging is None else HANGINGS.index(hanging)
