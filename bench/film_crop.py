"""Measures how closely portal and reports crop real films to the breast, and whether marked masses are cut off.

python bench/film_crop.py --data ../shared/data
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
from mammo_worker.data.readers.cdd_cesm import cdd_cesm
from mammo_worker.data.readers.mini_mias import mini_mias
from mammo_worker.films.crop import breast_area

SIDE = 256  # of the copy that is searched
TOLERANCE = 1.0  # pixels of it


@dataclass(frozen=True)
class Crop:
    """The crop of a film.

    Attributes:
        name: Name of the film.
        share: Share of the film that is shown; None if the whole film is shown.
        cuts: Whether a mark is cut.
    """

    name: str
    share: float | None
    cuts: bool


def crop_of(film: AnnotatedFilm) -> Crop:
    """Crop a film and compare with its marks."""
    pixels = film.read()
    area = breast_area(pixels)
    if area is None:
        return Crop(film.name, None, False)
    left, top, right, bottom = area.edges
    slack = TOLERANCE * max(1.0, max(pixels.shape) / SIDE)
    cuts = any(
        x1 < left - slack or y1 < top - slack or x2 > right + slack or y2 > bottom + slack
        for x1, y1, x2, y2 in film.boxes
    )
    return Crop(film.name, (right - left) * (bottom - top) / pixels.size, cuts)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    for kind, films in {
        "CBIS-DDSM": cbis_ddsm(data / "cbis_ddsm_mass"),
        "mini-MIAS": mini_mias(data / "mias"),
        "CDD-CESM, digital": cdd_cesm(data / "cdd_cesm"),
    }.items():
        crops = [crop_of(film) for film in films]
        cut = [crop.name for crop in crops if crop.cuts]
        mean = sum(1.0 if crop.share is None else crop.share for crop in crops) / len(crops)
        print(
            f"{kind}: {len(crops)} films, {sum(crop.share is None for crop in crops)} uncropped,"
            f" mean box {mean:.3f} of the film, {len(cut)} with a mark cut"
        )
        for name in cut:
            print(f"  {name}")


if __name__ == "__main__":
    main()
