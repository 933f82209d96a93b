"""Summarises a data set of films and finds faulty files."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from lobule.words import counted
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.training_set import is_unmarked
from mammo_worker.labels import LABELS


def summary(films: list[AnnotatedFilm]) -> Iterator[str]:
    """Yield the numbers of films, patients and masses as lines."""
    with_mask = sum(film.read_mask is not None for film in films)
    patients = counted(len({film.patient for film in films}), "patient")
    yield f"{counted(len(films), 'film')} of {patients}, {with_mask} with masks"
    labels = Counter(int(label) for film in films for label in film.labels)
    yield "masses: " + ", ".join(f"{labels[label]} {name}" for name, label in LABELS.items())
    verdicts = Counter(film.malignant for film in films)
    yield f"films: {verdicts[True]} malignant, {verdicts[False]} not, {verdicts[None]} unknown"
    yield from unmarked(films)


def unmarked(films: Sequence[AnnotatedFilm]) -> Iterator[str]:
    """Yield a line if there are films whose masses have no place."""
    if number := sum(map(is_unmarked, films)):
        yield f"without boxes of their masses: {counted(number, 'film')}; can be evaluated, but `train` refuses them"


def faults(film: AnnotatedFilm) -> Iterator[str]:
    """Open a film and its masks, and yield each fault with the film's path."""
    name = film.path or film.name
    try:
        height, width = film.read().shape[:2]
    except (FileNotFoundError, ValueError) as error:
        yield f"{name}: {error}" if str(name) not in str(error) else str(error)
        return
    outside = (film.boxes < -1).any(axis=1) | (film.boxes[:, 2:] > np.array([width, height]) + 1).any(axis=1)
    for box in film.boxes[outside]:
        yield f"{name}: the box {box.round().astype(int).tolist()} lies outside its {width} x {height} pixels"
    if film.read_mask is None:
        return
    try:
        mask = film.read_mask()
    except (FileNotFoundError, ValueError) as error:
        yield f"{name}: {error}"
        return
    if mask.shape[:2] != (height, width):
        yield f"{name}: its mask has {mask.shape[1]} x {mask.shape[0]} pixels, the film {width} x {height}"
    elif not mask.any():
        yield f"{name}: its mask is empty"
