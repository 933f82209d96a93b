"""The films of a training: the public data sets' training patients, or custom data."""

from collections.abc import Sequence
from pathlib import Path

from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.readers import read_data_set
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
from mammo_worker.data.readers.cdd_cesm import cdd_cesm
from mammo_worker.data.splits import split_of
from mammo_worker.labels import LABELS


def public_films(data: Path, *, masks: bool = False) -> list[AnnotatedFilm]:
    """CBIS-DDSM's training patients by `data.splits`, and CDD-CESM.

    Args:
        data: Folder of the data sets.
        masks: Whether to use CBIS-DDSM's hand-drawn masks; CDD-CESM's are always used.
    """
    drawn = data / "cbis_masks" if masks else None
    films = [c for c in cbis_ddsm(data / "cbis_ddsm_mass", drawn) if split_of(c.patient) == "train"]
    return films + cdd_cesm(data / "cdd_cesm")


def data_sets(paths: Sequence[Path]) -> list[AnnotatedFilm]:
    """Read all films of data sets in known layouts.

    Raises:
        ValueError: A data set contains errors.
    """
    found = [read_data_set(path) for path in paths]
    _raise_for([problem for reading in found for problem in reading.problems])
    return [film for reading in found for film in reading.items]


def films_to_pack(paths: Sequence[Path]) -> list[AnnotatedFilm]:
    """All films of data sets in known layouts; of the public ones, CBIS-DDSM with its drawn masks and CDD-CESM."""
    films: list[AnnotatedFilm] = []
    for path in paths:
        if (path / "cbis_ddsm_mass").is_dir():
            films += cbis_ddsm(path / "cbis_ddsm_mass", path / "cbis_masks") + cdd_cesm(path / "cdd_cesm")
        else:
            films += data_sets([path])
    return films


def is_unmarked(film: AnnotatedFilm) -> bool:
    """Whether a film is labelled with a mass that has no box."""
    return film.attributes.get("label") in LABELS and not len(film.boxes)


def own_films(paths: Sequence[Path]) -> list[AnnotatedFilm]:
    """Read all films of data sets in known layouts, and check that they are suitable for training.

    Raises:
        ValueError: There are no films, a data set contains errors, or a film's mass has no box.
    """
    films = data_sets(paths)
    _raise_for(
        [
            f"{film.path}: a {film.attributes['label']} film without boxes or a mask teaches that its mass is tissue"
            for film in films
            if is_unmarked(film)
        ]
    )
    if not films:
        raise ValueError("there is no film to learn from")
    return films


def _raise_for(problems: Sequence[str]) -> None:
    if problems:
        first = "\n".join(problems[:5])
        raise ValueError(f"{len(problems)} films are wrong; the first of them:\n{first}")
