"""Breasts of CBIS-DDSM with both views: landmarks, and lesions that are known to be the same on both."""

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.readers.cbis_ddsm import WORKING_HEIGHT
from mammo_worker.examination.anatomy import Anatomy, find_anatomy
from mammo_worker.examination.frame import Thumbnail, thumbnail_of
from mammo_worker.examination.marks import Mark, marks_of
from mammo_worker.films.breast import find_breast


@dataclass(frozen=True)
class MeasuredFilm:
    """A film of a known breast.

    Attributes:
        case: The film with its true boxes.
        thumbnail: Thumbnail of the breast.
        anatomy: Its landmarks.
        lesions: Names of the lesions by box; None if the tables do not distinguish them.
    """

    case: AnnotatedFilm
    thumbnail: Thumbnail
    anatomy: Anatomy
    lesions: list[str | None]

    def marks(self, boxes: NDArray[np.floating] | None = None) -> list[Mark]:
        """Marks of boxes (N, 4) in film pixels; by default of the true boxes."""
        return marks_of(self.thumbnail, self.anatomy, self.case.boxes if boxes is None else boxes)


def lesion_names(folder: Path) -> dict[str, list[str | None]]:
    """Names of the lesions of every film, in the order of `cbis_ddsm`'s boxes.

    Args:
        folder: `cbis_ddsm_mass`, with `lesions.csv`.
    """
    names: dict[str, list[str]] = defaultdict(list)
    with (folder / "lesions.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            names[row["image"]].append(row["abnormality_id"])
    return {
        film: [name if name and Counter(of_film)[name] == 1 else None for name in of_film]
        for film, of_film in names.items()
    }


def lengths(folder: Path) -> dict[str, float]:
    """Pixels of the scanner per unit of the frame, by film; the films of a patient have the same scanner resolution.

    Args:
        folder: `cbis_ddsm_mass`, with `index.csv`.
    """
    with (folder / "index.csv").open(newline="", encoding="utf-8") as stream:
        return {row["image"]: int(row["orig_rows"]) / WORKING_HEIGHT for row in csv.DictReader(stream)}


def measure_films(
    cases: Sequence[AnnotatedFilm], names: dict[str, list[str | None]], progress: Callable[[int], None] = lambda _: None
) -> dict[str, MeasuredFilm]:
    """Measure the landmarks of CBIS-DDSM's films; films without a breast are left out."""
    films: dict[str, MeasuredFilm] = {}
    for number, case in enumerate(cases, start=1):
        film = case.read()
        breast = find_breast(film)
        view = case.attributes["view"]
        if breast.mask.any() and view in ("CC", "MLO"):
            thumbnail = thumbnail_of(breast, film.shape[1])
            found = find_anatomy(thumbnail, view)
            films[case.name] = MeasuredFilm(case, thumbnail, found, names[case.name])
        progress(number)
    return films


def both_views(films: dict[str, MeasuredFilm]) -> dict[tuple[str, str], tuple[MeasuredFilm, MeasuredFilm]]:
    """The CC and MLO film of every breast that has both, by patient and side."""
    breasts: dict[tuple[str, str], dict[str, MeasuredFilm]] = defaultdict(dict)
    for film in films.values():
        breasts[film.case.patient, film.case.attributes["laterality"]][film.anatomy.view] = film
    return {key: (views["CC"], views["MLO"]) for key, views in sorted(breasts.items()) if len(views) == 2}


def same_lesions(cc: MeasuredFilm, mlo: MeasuredFilm) -> Iterator[tuple[int, int]]:
    """Yield the indices of the boxes of the same lesion on both films."""
    for i, name in enumerate(cc.lesions):
        if name is not None and name in mlo.lesions:
            yield i, mlo.lesions.index(name)
