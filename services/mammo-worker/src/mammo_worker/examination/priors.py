"""Compares findings with an earlier examination of the same breast and view: new, stable, grown or smaller.

Findings are matched by their position relative to the nipple, along the posterior nipple line and across it. Growth is
the change of the box's longest side, in millimetres if both films state their spacing in the same plane, otherwise as
a share; sizes are then shares of the breast's depth on each film. A benign mass may grow by a fifth
in half a year (Gordon et al., Radiology 229, 2003), which is also about the difference of two boxes of one mass.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from mammo_worker.examination.films import ExaminedFilm

Change = Literal["new", "stable", "grown", "smaller", "not_comparable"]
_NEAR = 0.18  # share of the depth; two findings farther apart are not the same
_GROWN = 0.20  # as a share of the size
_LEAST_MM = 2.0  # smaller changes of size do not count as growth


@dataclass(frozen=True)
class Tracked:
    """A marked finding of a film compared with the earlier film.

    Attributes:
        finding: Index among the film's findings.
        prior: Index of the same finding among the earlier film's, including weak ones; None if there is none.
        change: Its change.
        growth: Growth as a share of the earlier size; None without an earlier finding.
        growth_mm: Growth in millimetres; None if a spacing is unknown, or is valid in another plane than the other.
    """

    finding: int
    prior: int | None
    change: Change
    growth: float | None = None
    growth_mm: float | None = None


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


def _longest_side(film: ExaminedFilm, place: int) -> float:
    """The longest side of a mark as a share of the breast's depth: readers compare the longest diameter."""
    box = film.result.findings[place].box
    return film.marks[place].size * max(box.width, box.height) / (box.width * box.height) ** 0.5


def _tracked(film: ExaminedFilm, prior: ExaminedFilm, i: int, j: int) -> Tracked:
    assert film.anatomy is not None
    assert prior.anatomy is not None
    now, before = _longest_side(film, i), _longest_side(prior, j)
    growth_mm: float | None = None
    if film.mm_per_unit is not None and prior.mm_per_unit is not None and film.plane == prior.plane:
        now = now * film.anatomy.depth * film.mm_per_unit
        before = before * prior.anatomy.depth * prior.mm_per_unit
        growth_mm = now - before
    growth = now / before - 1
    change: Change = "stable"
    if abs(growth) >= _GROWN and (growth_mm is None or abs(growth_mm) >= _LEAST_MM):
        change = "grown" if growth > 0 else "smaller"
    return Tracked(i, j, change, growth, growth_mm)
