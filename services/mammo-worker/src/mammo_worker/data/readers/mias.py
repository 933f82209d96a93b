"""MIAS as its site distributes it (Suckling et al. 1994): PGMs of 1024 x 1024 and Info.txt; for evaluation only."""

from collections import defaultdict
from pathlib import Path

from lobule_ml.data_sets import Reader, Reading
from mammo_worker.data.annotated import AnnotatedFilm, plain_reader, read_grey
from mammo_worker.data.readers.reading import as_boxes, as_labels
from mammo_worker.labels import BENIGN, MALIGNANT

_TABLE = "Info.txt"
_MASSES = ("CIRC", "SPIC", "MISC")
_CLASSES = {"B": BENIGN, "M": MALIGNANT}


def read(folder: Path) -> Reading[AnnotatedFilm]:
    """Read every film; the box of a mass is the square around its circle."""
    found = Reading[AnnotatedFilm]()
    table = next(folder.rglob(_TABLE))
    films: dict[str, list[list[str]]] = defaultdict(list)
    for line in table.read_text("latin-1").splitlines():
        words = line.split()
        if len(words) >= 3 and words[0].startswith("mdb") and words[0][3:].isdigit():
            films[words[0]].append(words)
    for name, lines in films.items():
        try:
            found.items.append(_film(table.parent / f"{name}.pgm", lines))
        except (FileNotFoundError, ValueError) as error:
            found.problems.append(f"{table}, film {name}: {error}")
    return found


def _film(path: Path, lines: list[list[str]]) -> AnnotatedFilm:
    if not path.is_file():
        raise ValueError(f"{path} does not exist")
    masses = [words for words in lines if words[2] in _MASSES and len(words) >= 7 and words[4].isdigit()]
    unplaced = any(words[2] in _MASSES and words not in masses for words in lines)
    height = read_grey(path).shape[0] if masses else 0
    boxes: list[tuple[int, int, int, int]] = []
    for words in masses:
        x, y, radius = (int(v) for v in words[4:7])
        y = height - y  # counted from the lower edge
        boxes.append((x - radius, y - radius, x + radius, y + radius))
    number = int(path.stem[3:])
    malignant = any(words[3] == "M" for words in lines if len(words) > 3)
    return AnnotatedFilm(
        path.name,
        f"mias{(number + 1) // 2}",  # films are numbered in pairs, left and right
        as_boxes(boxes),
        as_labels([_CLASSES[words[3]] for words in masses]),
        malignant,
        plain_reader(path),
        attributes={"class": "normal" if lines[0][2] == "NORM" else "abnormal", "density": lines[0][1]}
        | ({"label": "malignant" if malignant else "benign"} if unplaced else {}),
        path=path,
    )


READER = Reader(
    "MIAS",
    "FOLDER with Info.txt and mdb001.pgm, …",
    lambda path: path.is_dir() and next(path.rglob(_TABLE), None) is not None,
    read,
)
