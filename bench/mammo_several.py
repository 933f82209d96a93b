"""Counts how many pictures of several films are refused, and how many single films.

python bench/mammo_several.py --data ../shared/data --pictures 400
"""

import argparse
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
from altered_films import every_film, lay_out
from numpy.typing import NDArray

from mammo_worker.films.breast import find_breast
from mammo_worker.films.several import several_films

# Layouts of the films: L and R have the chest wall on the left and on the right.
LAYOUTS = ("LR", "RL", "LL", "RR", "L/L", "R/L", "LR/LR", "RL/RL")
GAPS, BACKGROUNDS = (0, 10, 40), (0, 255)


def main() -> None:
    """Count and print."""
    cv2.setNumThreads(1)
    options = argparse.ArgumentParser()
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--pictures", type=int, default=400)
    options.add_argument("--seed", type=int, default=5)
    given = options.parse_args()
    by_side: dict[str, list[NDArray[np.uint8]]] = {"L": [], "R": []}
    refused: list[str] = []
    count = 0
    for name, film in every_film(given.data):
        count += 1
        breast = find_breast(film)
        by_side["R" if breast.on_right else "L"].append(film)
        if several_films(breast):
            refused.append(name)
    print(f"single films: {len(refused)} of {count} refused {refused}")
    chance = np.random.default_rng(given.seed)
    drawn: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for _ in range(given.pictures):
        layout, gap, background = str(chance.choice(LAYOUTS)), int(chance.choice(GAPS)), int(chance.choice(BACKGROUNDS))
        rows = [[by_side[s][int(chance.integers(len(by_side[s])))] for s in row] for row in layout.split("/")]
        picture = lay_out(rows, gap, background)
        drawn[layout] += 1
        found[layout] += several_films(find_breast(picture))
    print(f"pictures of several films: {sum(found.values())} of {given.pictures} refused")
    for layout in LAYOUTS:
        print(f"  {layout}: {found[layout]} of {drawn[layout]}")


if __name__ == "__main__":
    main()
