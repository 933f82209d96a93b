"""Counts refused real films and recognised negatives, and measures how far drawn frames move the breast's outline.

python bench/mammo_frames.py --data ../shared/data --films 1000
"""

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from altered_films import draw_frame, every_film
from numpy.typing import NDArray

from lobule.errors import AnalysisError
from lobule.imaging.film import Film
from lobule.imaging.read_film import is_negative
from mammo_worker.films.breast import find_breast
from mammo_worker.films.gate import check_mammogram


def refusal(film: NDArray[np.uint8]) -> str | None:
    """The reason why a film is refused or treated as a negative; None if it is read."""
    if is_negative(film):
        return "taken for a negative"
    try:
        check_mammogram(Film(film))
    except AnalysisError as error:
        return f"{error.code}: {error.detail}"
    return None


def overlap(drawn: NDArray[np.bool_], plain: NDArray[np.bool_], covered: NDArray[np.bool_]) -> float:
    """Intersection over union of two masks outside the drawn frame."""
    visible = cv2.resize(covered.astype(np.uint8) * 255, plain.shape[::-1], interpolation=cv2.INTER_AREA) == 0
    return float((drawn & plain & visible).sum() / max(1, ((drawn | plain) & visible).sum()))


def main() -> None:
    """Count and print."""
    cv2.setNumThreads(1)
    options = argparse.ArgumentParser()
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--films", type=int, default=1000, help="with drawn frames")
    options.add_argument("--seed", type=int, default=11)
    given = options.parse_args()
    films = list(every_film(given.data))
    plain = {name: reason for name, film in films if (reason := refusal(film))}
    print(f"real films: {len(plain)} of {len(films)} refused")
    for name, reason in plain.items():
        print(f"  {name}: {reason}")
    negatives = sum(is_negative(255 - film) for _, film in films)
    print(f"their negatives: {negatives} of {len(films)} recognised")
    chance = np.random.default_rng(given.seed)
    refused: list[str] = []
    shared: list[float] = []
    sides: list[Any] = []
    for _ in range(given.films):
        name, film = films[int(chance.integers(len(films)))]
        before = find_breast(film)
        breast = cv2.resize(before.mask.astype(np.uint8), film.shape[::-1], interpolation=cv2.INTER_NEAREST)
        framed = draw_frame(film, cv2.dilate(breast, np.ones((9, 9), np.uint8)) == 0, chance)
        if reason := refusal(framed.film):
            refused.append(f"{name} ({', '.join(framed.sides)}): {reason}")
        after = find_breast(framed.film)
        shared.append(overlap(after.mask, before.mask, framed.covered))
        sides.append(after.on_right == before.on_right)
    print(f"films with drawn frames: {len(refused)} of {given.films} refused ({len(refused) / given.films:.2%})")
    for line in refused:
        print(f"  {line}")
    least, one, five = np.percentile(shared, [0, 1, 5])
    print(f"breast with and without frame, IoU: mean {np.mean(shared):.4f}, least {least:.3f}, ", end="")
    print(f"1st percentile {one:.3f}, 5th {five:.3f}; chest wall on the same side in {np.mean(sides):.2%}")


if __name__ == "__main__":
    main()
