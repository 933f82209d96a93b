"""Compares findings with an earlier examination of the same breast and view: new, stable, grown or smaller.

Findings are matched by their position relative to the nipple, along the posterior nipple line and across it. Growth is
the change of the box's longest side, in millimetres if both films state their spacing in the same known plane,
otherwise as a share; sizes are then shares of the breast's depth on each film. A benign mass may grow by a fifth
in half a year (Gordon et al., Radiology 229, 2003), which is also about the difference of two boxes of one mass.

Films of the same view of one examination, such as a blurred film and its repetition, are matched in the same way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from lobule.contracts.examination import Change
from lobule.contracts.sizes import longest_mm
from mammo_worker.examination.films import ExaminedFilm

_NEAR = 0.18  # share of the depth; two findings farther apart are not the same
_GROWN = 0.20  # as a share of the size
_LEAST_MM = 2.0  # smaller changes of size do not count as growth
_SIMILAR = 2.0  # ratio of the sizes of one lesion on two films of one day


@dataclass(frozen=True)
class Tracked:
    """A marked finding of a film compared with the earlier film.

    Attributes:
        finding: Index among the film's findings.
        prior: Index of the same finding among the earlier film's, including weak ones; None if there is none.
        change: Its change.
        growth: Growth as a share of the earlier size; None without an earlier finding.
        sizes_mm: The longest side then and now, in millimetres; None unless both spacings are known and are valid in
            the same known plane.
    """

    finding: int
    prior: int | None
    change: Change
    growth: float | None = None
    sizes_mm: tuple[float, float] | None = None

    @property
    def growth_mm(self) -> float | None:
        """Growth in millimetres."""
        return None if self.sizes_mm is None else self.sizes_mm[1] - self.sizes_mm[0]


def track(film: ExaminedFilm, prior: ExaminedFilm) -> list[Tracked]:
    """Track the marked findings of a film.

    Args:
        film: Film of the current examination.
        prior: Film of the same breast and view at an earlier date.

    Raises:
        ValueError: The films show different breasts or views.
    """
    if (film.laterality, film.view) != (prior.laterality, prior.view):
        raise ValueError("a prior shows the same breast in the same view")
    marked = min(len(film.result.marked_findings()), len(film.marks))
    if film.anatomy is None or prior.anatomy is None:
        return [Tracked(i, None, "not_comparable") for i in range(marked)]
    here, there = _places(film)[:marked], _places(prior)
    partners = _nearest(here, there)
    return [
        _tracked(film, prior, i, partners[i]) if i in partners else Tracked(i, None, _absent(prior, here[i]))
        for i in range(marked)
    ]


def _places(film: ExaminedFilm) -> NDArray[np.float64]:
    """Positions (N, 2) behind the nipple and across the posterior nipple line, as shares of the depth."""
    assert film.anatomy is not None
    points = np.array([mark.centre for mark in film.marks]).reshape(-1, 2)
    return np.stack([film.anatomy.behind_nipple(points), film.anatomy.across(points)], axis=1) / film.anatomy.depth


def _nearest(here: NDArray[np.float64], there: NDArray[np.float64]) -> dict[int, int]:
    """Match findings with the smallest total distance, none farther than `_NEAR`."""
    if not len(here) or not len(there):
        return {}
    distance = np.linalg.norm(here[:, None] - there[None], axis=2)
    rows, columns = linear_sum_assignment(np.maximum(_NEAR - distance, 0), maximize=True)
    return {int(i): int(j) for i, j in zip(rows, columns, strict=True) if distance[i, j] <= _NEAR}


def _absent(prior: ExaminedFilm, place: NDArray[np.float64]) -> Change:
    """`new` if the earlier film shows that part of the breast, otherwise unknown."""
    anatomy, thumbnail = prior.anatomy, prior.thumbnail
    assert anatomy is not None
    assert thumbnail is not None
    normal = np.array(anatomy.normal)
    along = np.array([normal[1], -normal[0]])
    point = np.array(anatomy.nipple) + anatomy.depth * (place[1] * along - place[0] * normal)
    x, y = np.floor(thumbnail.from_frame(point[None])[0]).astype(int)
    height, width = thumbnail.mask.shape
    return "new" if 0 <= x < width and 0 <= y < height and thumbnail.mask[y, x] else "not_comparable"


def _tracked(film: ExaminedFilm, prior: ExaminedFilm, i: int, j: int) -> Tracked:
    sizes = _sizes_mm(film, prior, i, j)
    before, now = sizes or (prior.marks[j].longest, film.marks[i].longest)  # readers compare the longest diameter
    growth = now / before - 1
    change: Change = "stable"
    if abs(growth) >= _GROWN and (sizes is None or abs(now - before) >= _LEAST_MM):
        change = "grown" if growth > 0 else "smaller"
    return Tracked(i, j, change, growth, sizes)


def _sizes_mm(film: ExaminedFilm, prior: ExaminedFilm, i: int, j: int) -> tuple[float, float] | None:
    """The longest sides then and now, as they are shown; a plane that is not known may be another one on each film."""
    then, today = prior.result, film.result
    before = longest_mm(then.findings[j].box, then.image)
    now = longest_mm(today.findings[i].box, today.image)
    if before is None or now is None or film.plane is None or film.plane != prior.plane:
        return None
    return before, now


def same_on_repeated(films: Sequence[ExaminedFilm]) -> list[list[tuple[int, int]]]:
    """Group the marked findings of films of one view and one examination by lesion, each film's at most once.

    A finding joins the nearest lesion of the films before at its place, if their sizes are similar as well.

    Args:
        films: Films of the same breast and view.

    Returns:
        For each lesion, its findings as indices of film and finding, by film.
    """
    lesions: list[list[tuple[int, int]]] = []
    for number, film in enumerate(films):
        marked = len(film.result.marked_findings())
        joined = _joined(films, lesions, number) if film.anatomy is not None else {}
        for k in range(marked):
            if k in joined:
                lesions[joined[k]].append((number, k))
            else:
                lesions.append([(number, k)])
    return lesions


def _joined(films: Sequence[ExaminedFilm], lesions: Sequence[Sequence[tuple[int, int]]], number: int) -> dict[int, int]:
    """The lesion of films before that each marked finding of a film belongs to, by the finding."""
    film = films[number]
    known = [
        (place, i, k)
        for place, lesion in enumerate(lesions)
        for i, k in lesion[-1:]
        if films[i].anatomy is not None and k < len(films[i].marks)
    ]
    marked = min(len(film.result.marked_findings()), len(film.marks))
    there = np.array([_places(films[i])[k] for _, i, k in known]).reshape(-1, 2)
    here = _places(film)[:marked]
    partners = _nearest(here, there)
    return {
        mine: known[other][0]
        for mine, other in partners.items()
        if _ratio(film.marks[mine].longest, films[known[other][1]].marks[known[other][2]].longest) <= _SIMILAR
    }


def _ratio(one: float, other: float) -> float:
    return max(one, other) / min(one, other)
