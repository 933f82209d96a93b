"""Pictures of what the films of a breast show brighter than those of the other breast."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from lobule.contracts.difference import FilmDifference
from lobule.contracts.notices import ORIENTATION_IN_DOUBT, PICTURE_IN_DOUBT, shows_whole_breast
from lobule.imaging.decode import encode_png
from lobule.imaging.shrink import fitting
from mammo_worker.examination.asymmetry import Asymmetry, compare_breasts
from mammo_worker.examination.films import ExaminedFilm

STRONGEST = 2.0  # standard deviations that are drawn as the strongest difference
MAX_SIDE = 512  # pixels of a picture: the compared pictures are blurred, so there are no finer details


def differences_of(films: Sequence[ExaminedFilm]) -> tuple[list[FilmDifference], dict[str, bytes]]:
    """Compare each film with the first comparable film of the other breast in the same view.

    A film is comparable if it shows a whole breast and its orientation and polarity are not in doubt.

    Args:
        films: The films of an examination whose side is known and whose view is CC or MLO.

    Returns:
        The comparisons, in the order of the films, and their pictures by file name.
    """
    comparable = [film for film in films if _is_comparable(film)]
    found: list[FilmDifference] = []
    pictures: dict[str, bytes] = {}
    for film in comparable:
        others = (other for other in comparable if other.view == film.view and other.laterality != film.laterality)
        other = next(others, None)
        if other is None or not film.thumbnail or not film.anatomy or not other.thumbnail or not other.anatomy:
            continue
        compared = compare_breasts((film.thumbnail, film.anatomy), (other.thumbnail, other.anatomy))
        name = f"difference-{film.name}.png"
        pictures[name] = encode_png(draw_difference(compared, film))
        found.append(FilmDifference(job_id=film.name, other=other.name, file=name, strongest=STRONGEST))
    return found, pictures


def _is_comparable(film: ExaminedFilm) -> bool:
    codes = {notice.code for notice in film.result.notices}
    return film.anatomy is not None and shows_whole_breast(codes) and codes.isdisjoint(_IN_DOUBT)


_IN_DOUBT = ORIENTATION_IN_DOUBT | PICTURE_IN_DOUBT


def draw_difference(compared: Asymmetry, film: ExaminedFilm) -> NDArray[np.uint8]:
    """Draw a difference over the whole uploaded image, no side over `MAX_SIDE`: 0 none, 255 `STRONGEST` or more.

    Args:
        compared: The film compared with that of the other breast.
        film: The film, in which a breast was found.
    """
    image = film.result.image
    width, height = fitting((image.width, image.height), MAX_SIDE)
    strength = (np.clip(compared.difference / STRONGEST, 0, 1) * 255).astype(np.uint8)
    scale = np.diag([width / image.width, height / image.height])
    affine = scale @ film.to_file
    affine[:, 2] += affine[:, :2] @ [0.5, 0.5] - 0.5  # OpenCV's coordinates are those of centres of pixels
    return cv2.warpAffine(strength, affine, (width, height)).astype(np.uint8)
