"""Counts how many whole films, and how many of their halves, are said to show a part of a breast.

python bench/mammo_cut_off.py DATA
"""

import sys
from collections import Counter
from pathlib import Path

from altered_films import every_film

from mammo_worker.films.breast import find_breast
from mammo_worker.films.cut_off import is_cut_off


def main(data: Path) -> None:
    """Count and print."""
    count, said = Counter[str](), Counter[str]()
    for name, film in every_film(data):
        view = "CC" if "_CC" in name else "MLO"
        half = len(film) // 2
        # A lower half of an oblique film looks like a whole one: muscle and axilla fill the upper edge of both.
        for part, pixels in (("whole", film), ("upper half", film[:half]), ("lower half", film[half:])):
            count[f"{view} {part}"] += 1
            said[f"{view} {part}"] += is_cut_off(find_breast(pixels), view)
    for kind in sorted(count):
        print(f"{kind}: {said[kind]} of {count[kind]}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
