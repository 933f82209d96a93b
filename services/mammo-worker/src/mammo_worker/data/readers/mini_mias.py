"""mini-MIAS, for evaluation."""

from collections import defaultdict
from pathlib import Path

import numpy as np

from lobule_ml.data_sets import Reader, Reading
from mammo_worker.data.annotated import AnnotatedFilm, csv_rows, plain_reader
from mammo_worker.labels import LABELS


def mini_mias(folder: Path) -> list[AnnotatedFilm]:
    """mini-MIAS (Suckling et al. 1994), for evaluation only, because its licence permits no more.

    The truth of a mass is a circle; its box is the square around it. `attributes["class"]` is `normal` on normal films.

    Args:
        folder: `mias`, with `index.csv` and `images/`.
    """
    films: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in csv_rows(folder / "index.csv"):
        films[row["image"]].append(row)
    cases: list[AnnotatedFilm] = []
    for name, rows in films.items():
        masses = [r for r in rows if r["is_mass"] == "1" and r["x"]]
        circles = np.array([[float(r[k]) for k in ("x", "y_from_top", "radius")] for r in masses]).reshape(-1, 3)
        boxes = np.concatenate([circles[:, :2] - circles[:, 2:], circles[:, :2] + circles[:, 2:]], axis=1)
        labels = np.array([LABELS[r["label"]] for r in masses], np.int32)
        kind = "normal" if all(r["label"] == "normal" for r in rows) else "abnormal"
        malignant = any(r["label"] == "malignant" for r in rows)
        unplaced = any(r["is_mass"] == "1" and not r["x"] for r in rows)
        cases.append(
            AnnotatedFilm(
                name,
                rows[0]["patient"],
                boxes.astype(np.float32),
                labels,
                malignant,
                plain_reader(folder / "images" / name),
                attributes={"class": kind} | ({"label": "malignant" if malignant else "benign"} if unplaced else {}),
                path=folder / "images" / name,
            )
        )
    return cases


def _recognises(folder: Path) -> bool:
    if not (folder / "index.csv").is_file():
        return False
    with (folder / "index.csv").open("rb") as stream:
        return b"y_from_top" in stream.readline()


READER = Reader(
    "mini-MIAS with a table",
    "FOLDER with index.csv, whose circles are counted from the top, and images/",
    _recognises,
    lambda path: Reading(mini_mias(path)),
)
