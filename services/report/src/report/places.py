"""The positions of films in a report: each of the four views has a fixed place, right beside left."""

from collections.abc import Mapping, Sequence
from datetime import date

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
    earlier: Mapping[Hanging, date],
    text: Words,
) -> tuple[Place, ...]:
    """The places of all films: the four views with right beside left, then all other films.

    Args:
        hung: The films of the current examination, in their order.
        hanging: The view of each image, if it is one of the four.
        sections: Sections of the images.
        missing: The views that the examination lacks.
        earlier: Day on which each view was last taken before.
        text: Sentences of the report's language.
    """
    first = {hanging[i]: i for i in reversed(hung) if hanging[i]}
    others = [Place(name=sections[i].name, index=i, words="") for i in hung if i not in first.values()]
    if not first:
        return tuple(others)
    views = [
        Place(name=sections[first[view]].name, index=first[view], words="")
        if view in first
        else Place(name=view, index=None, words=_why_none(view, missing, earlier, text))
        for view in HANGINGS
    ]
    return (*views, *others)


def _why_none(view: Hanging, missing: Sequence[Hanging], earlier: Mapping[Hanging, date], text: Words) -> str:
    if view in missing:
        return text("pictures.missing")
    return text("pictures.earlier", day=text.date(earlier[view])) if view in earlier else text("conclusion.none")


def order(hanging: Hanging | None) -> int:
    """The position of a view in the row; films without a view come last."""
    return len(HANGINGS) if hanging is None else HANGINGS.index(hanging)
