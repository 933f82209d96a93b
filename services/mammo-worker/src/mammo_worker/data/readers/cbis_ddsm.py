"""CBIS-DDSM's mass films in this project's format: squares of 800 pixels with two CSVs."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lobule_ml.data_sets import Reader, Reading
from mammo_worker.data.annotated import AnnotatedFilm, csv_rows, read_grey
from mammo_worker.labels import LABELS

WORKING_HEIGHT = 1000  # the stored 800 x 800 films are stretched; with their true aspect they get this height
_LEAST_AGREEMENT = 0.5  # IoU of a hand-drawn mask with the nearest box


def cbis_ddsm(folder: Path, masks: Path | None = None) -> list[AnnotatedFilm]:
    """CBIS-DDSM's mass films (Lee et al., Sci Data 2017), with their true aspect restored.

    Args:
        folder: `cbis_ddsm_mass`, with `index.csv`, `lesions.csv` and `images/`.
        masks: `cbis_masks`, with `index.csv` and `masks/`; masks that do not match the boxes are left out.
    """
    drawn: dict[str, Path] = {}
    if masks is not None:
        fitting = (r for r in csv_rows(masks / "index.csv") if float(r["iou_with_best_box"]) >= _LEAST_AGREEMENT)
        drawn = {row["image"]: masks / row["mask"] for row in fitting}
    lesions: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in csv_rows(folder / "lesions.csv"):
        lesions[row["image"]].append(row)
    cases: list[AnnotatedFilm] = []
    for row in csv_rows(folder / "index.csv"):
        columns, lines = int(row["orig_cols"]), int(row["orig_rows"])
        size = (round(columns * WORKING_HEIGHT / lines), WORKING_HEIGHT)
        found = lesions[row["image"]]
        xywh = np.array([[float(r[k]) for k in ("x_orig", "y_orig", "w_orig", "h_orig")] for r in found])
        boxes = np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1)
        boxes *= np.array([size[0] / columns, size[1] / lines] * 2)
        labels = np.array([LABELS[r["label"]] for r in found], np.int32)
        cases.append(
            AnnotatedFilm(
                row["image"],
                row["patient"],
                boxes.astype(np.float32),
                labels,
                row["label"] == "malignant",
                _upright_reader(folder / "images" / row["image"], size),
                _upright_reader(drawn[row["image"]], size) if row["image"] in drawn else None,
                attributes={
                    "view": row["view"],
                    "laterality": row["laterality"],
                    "density": row["breast_density"],
                },
                path=folder / "images" / row["image"],
            )
        )
    return cases


def _upright_reader(path: Path, size: tuple[int, int]) -> Callable[[], NDArray[np.uint8]]:
    return lambda: cv2.resize(read_grey(path), size, interpolation=cv2.INTER_AREA).astype(np.uint8)


READER = Reader(
    "CBIS-DDSM, prepared squares",
    "FOLDER with index.csv, lesions.csv and images/ of 800 x 800",
    lambda path: (path / "index.csv").is_file() and (path / "lesions.csv").is_file(),
    lambda path: Reading(cbis_ddsm(path)),
)
