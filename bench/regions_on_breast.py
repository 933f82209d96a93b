"""Counts how many regions of films are said to lie beside the breast, so that they get no opinion.

python bench/regions_on_breast.py DATA

The regions are the masses of CBIS-DDSM's films, squares of which nothing lies on the breast that is found, and squares
of enlarged parts of the breast, which tissue fills as it fills a spot magnification. The first and the last are to be
judged.
"""

import csv
import random
import sys
from collections import Counter, defaultdict
from pathlib import Path

import cv2
import numpy as np
from altered_films import every_film

from mammo_worker.films.aspect import squeeze_of
from mammo_worker.films.breast import Breast, find_breast

SQUARE = 800  # sides of the stored films, in whose pixels masses are given
SIDE, ENLARGED = 80, 220  # pixels
_DEEP = np.ones((61, 61), np.uint8)  # a part this far within the mask has no air


def main(data: Path) -> None:
    """Count and print."""
    with (data / "cbis_ddsm_mass" / "lesions.csv").open(newline="") as stream:
        masses: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
        for row in csv.DictReader(stream):
            masses[row["image"]].append(row)
    count, beside, chance = Counter[str](), Counter[str](), random.Random(1)

    def ask(kind: str, breast: Breast, x: float, y: float, width: float, height: float) -> None:
        count[kind] += 1
        beside[kind] += breast.is_beside(x, y, x + width, y + height)

    for name, film in every_film(data):
        breast = find_breast(film, None, squeeze_of(film))
        height, width = film.shape
        for row in masses[name]:
            x, y, across, down = (float(row[key]) / SQUARE for key in ("x", "y", "w", "h"))
            ask("masses", breast, x * width, y * height, across * width, down * height)
        mask = cv2.resize(breast.mask.astype(np.uint8), (width, height))
        for _ in range(10):
            x, y = chance.randrange(width - SIDE), chance.randrange(height - SIDE)
            if not mask[y : y + SIDE, x : x + SIDE].any():
                ask("beside the breast", breast, x, y, SIDE, SIDE)
        deep = np.argwhere(cv2.erode(breast.mask.astype(np.uint8), _DEEP))
        if len(deep):
            row, column = deep[chance.randrange(len(deep))]
            y, x = int(row * height / breast.mask.shape[0]), int(column * width / breast.mask.shape[1])
            part = film[max(0, y - ENLARGED // 2) : y + ENLARGED // 2, max(0, x - ENLARGED // 2) : x + ENLARGED // 2]
            large = cv2.resize(part, (800, 800), interpolation=cv2.INTER_CUBIC)
            found = find_breast(large)
            for _ in range(10):
                ask("enlarged tissue", found, chance.randrange(640), chance.randrange(640), 160, 160)
    for kind in count:
        print(f"{kind}: {beside[kind]} of {count[kind]} beside the breast")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
