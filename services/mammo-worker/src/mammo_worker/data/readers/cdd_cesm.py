"""CDD-CESM: low-energy images of contrast-enhanced mammography."""

from pathlib import Path

import cv2
import numpy as np

from lobule_ml.data_sets import Reader, Reading
from mammo_worker.data.annotated import AnnotatedFilm, csv_rows, plain_reader, read_grey
from mammo_worker.labels import MASS_OF_UNKNOWN_CLASS

# A larger or less compact region is not a single mass (skin, a whole quadrant).
_MAX_REGION_SIDE = 0.35  # as a share of the image
_MIN_REGION = 120  # pixels; smaller regions are artefacts
_MIN_COMPACTNESS = 0.45  # as a share of its box


def cdd_cesm(folder: Path) -> list[AnnotatedFilm]:
    """Low-energy mammograms of CDD-CESM (Khaled et al., Sci Data 2022) that show a mass, with their masks.

    The class is not used: every image here is malignant, so a network would learn the look of the data set. Images with
    regions whose size or shape is not that of a single mass are left out.

    Args:
        folder: `cdd_cesm`, with `index.csv`, `images/` and `masks/`.
    """
    cases: list[AnnotatedFilm] = []
    for row in csv_rows(folder / "index.csv"):
        if row["has_mass"] != "1":
            continue
        mask = read_grey(folder / row["mask"]) > 127
        _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
        _, _, w, h, area = stats[1:].T
        compact = (area > _MIN_COMPACTNESS * w * h) & (np.maximum(w, h) < _MAX_REGION_SIDE * max(mask.shape))
        large = area > _MIN_REGION
        if not large.any() or (large & ~compact).any():
            continue
        kept = stats[1:][large]
        boxes = np.concatenate([kept[:, :2], kept[:, :2] + kept[:, 2:4]], axis=1).astype(np.float32)
        cases.append(
            AnnotatedFilm(
                Path(row["image"]).name,
                row["patient"],
                boxes,
                np.full(len(boxes), MASS_OF_UNKNOWN_CLASS, np.int32),
                None,
                plain_reader(folder / row["image"]),
                plain_reader(folder / row["mask"]),
                path=folder / row["image"],
            )
        )
    return cases


READER = Reader(
    "CDD-CESM",
    "FOLDER with index.csv, images/ and masks/",
    lambda path: (path / "index.csv").is_file() and (path / "masks").is_dir(),
    lambda path: Reading(cdd_cesm(path)),
)
