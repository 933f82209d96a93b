"""Films with their truth, from the public data sets, as one kind of record."""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.nn.losses import MASS_OF_UNKNOWN_CLASS

BENIGN, MALIGNANT = 1, 2
_LABELS = {"benign": BENIGN, "malignant": MALIGNANT, "ambiguous": MASS_OF_UNKNOWN_CLASS}
_WORKING_HEIGHT = 1000  # CBIS films come as 800 x 800, stretched; upright they get this height
# A region of CDD-CESM that is larger or less compact is no single mass (skin, a whole quadrant).
_MAX_REGION_SIDE = 0.35  # of the image
_MIN_REGION = 120  # pixels; smaller ones are crumbs
_MIN_COMPACTNESS = 0.45  # of its box
_LEAST_AGREEMENT = 0.5  # IoU of a hand-drawn mask of CBIS-DDSM with the nearest box


@dataclass(frozen=True)
class Case:
    """One film with its truth.

    Attributes:
        name: File name.
        patient: Patient, unique within the data set.
        boxes: (N, 4) of x1, y1, x2, y2 in pixels of what `read` gives.
        labels: (N,): benign, malignant, or a mass of either class.
        malignant: Whether a malignant mass is on the film; None where the set does not tell the two apart.
        read: Reads the film, grey, tissue bright.
        read_mask: Reads the union of the masks at the film's size, where the set has them.
        attributes: What else the set says of the film.
        path: The film's file.
    """

    name: str
    patient: str
    boxes: NDArray[np.float32]
    labels: NDArray[np.int32]
    malignant: bool | None
    read: Callable[[], NDArray[np.uint8]]
    read_mask: Callable[[], NDArray[np.uint8]] | None = None
    attributes: dict[str, str] = field(default_factory=dict[str, str])
    path: Path | None = None


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        yield from csv.DictReader(stream)


def _read_grey(path: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise FileNotFoundError(path)
    return image.astype(np.uint8)


def cbis_ddsm(folder: Path, masks: Path | None = None) -> list[Case]:
    """CBIS-DDSM's mass films (Lee et al., Sci Data 2017), the stretch to a square undone.

    Args:
        folder: `cbis_ddsm_mass`, with `index.csv`, `lesions.csv` and `images/`.
        masks: `cbis_masks`, with `index.csv` and `masks/`; masks that do not fit the boxes are left out.
    """
    drawn: dict[str, Path] = {}
    if masks is not None:
        fitting = (r for r in _rows(masks / "index.csv") if float(r["iou_with_best_box"]) >= _LEAST_AGREEMENT)
        drawn = {row["image"]: masks / row["mask"] for row in fitting}
    lesions: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in _rows(folder / "lesions.csv"):
        lesions[row["image"]].append(row)
    cases: list[Case] = []
    for row in _rows(folder / "index.csv"):
        columns, lines = int(row["orig_cols"]), int(row["orig_rows"])
        size = (round(columns * _WORKING_HEIGHT / lines), _WORKING_HEIGHT)
        found = lesions[row["image"]]
        xywh = np.array([[float(r[k]) for k in ("x_orig", "y_orig", "w_orig", "h_orig")] for r in found])
        boxes = np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1)
        boxes *= np.array([size[0] / columns, size[1] / lines] * 2)
        labels = np.array([_LABELS[r["label"]] for r in found], np.int32)
        cases.append(
            Case(
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
    return lambda: cv2.resize(_read_grey(path), size, interpolation=cv2.INTER_AREA).astype(np.uint8)


def cdd_cesm(folder: Path) -> list[Case]:
    """Low-energy mammograms of CDD-CESM (Khaled et al., Sci Data 2022) that show a mass, with their masks.

    The class is not used: every image here is malignant, so it would teach the look of the data set. Images
    with regions that are no single mass by their size or shape are left out.

    Args:
        folder: `cdd_cesm`, with `index.csv`, `images/` and `masks/`.
    """
    cases: list[Case] = []
    for row in _rows(folder / "index.csv"):
        if row["has_mass"] != "1":
            continue
        mask = _read_grey(folder / row["mask"]) > 127
        _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
        _, _, w, h, area = stats[1:].T
        compact = (area > _MIN_COMPACTNESS * w * h) & (np.maximum(w, h) < _MAX_REGION_SIDE * max(mask.shape))
        large = area > _MIN_REGION
        if not large.any() or (large & ~compact).any():
            continue
        kept = stats[1:][large]
        boxes = np.concatenate([kept[:, :2], kept[:, :2] + kept[:, 2:4]], axis=1).astype(np.float32)
        cases.append(
            Case(
                Path(row["image"]).name,
                row["patient"],
                boxes,
                np.full(len(boxes), MASS_OF_UNKNOWN_CLASS, np.int32),
                None,
                _plain_reader(folder / row["image"]),
                _plain_reader(folder / row["mask"]),
            )
        )
    return cases


def _plain_reader(path: Path) -> Callable[[], NDArray[np.uint8]]:
    return lambda: _read_grey(path)


def mini_mias(folder: Path) -> list[Case]:
    """mini-MIAS (Suckling et al. 1994): for evaluation only, its licence allows no more.

    A mass is given as a circle; its box is the square around it. `attributes["class"]` is `normal` on normal films.

    Args:
        folder: `mias`, with `index.csv` and `images/`.
    """
    films: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in _rows(folder / "index.csv"):
        films[row["image"]].append(row)
    cases: list[Case] = []
    for name, rows in films.items():
        masses = [r for r in rows if r["is_mass"] == "1" and r["x"]]
        circles = np.array([[float(r[k]) for k in ("x", "y_from_top", "radius")] for r in masses]).reshape(-1, 3)
        boxes = np.concatenate([circles[:, :2] - circles[:, 2:], circles[:, :2] + circles[:, 2:]], axis=1)
        labels = np.array([_LABELS[r["label"]] for r in masses], np.int32)
        kind = "normal" if all(r["label"] == "normal" for r in rows) else "abnormal"
        cases.append(
            Case(
                name,
                rows[0]["patient"],
                boxes.astype(np.float32),
                labels,
                any(r["label"] == "malignant" for r in rows),
                _plain_reader(folder / "images" / name),
                attributes={"class": kind},
            )
        )
    return cases


def every_film(data: Path) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Names and pixels of all films of all data sets, CBIS-DDSM's at their true aspect, for checks without truth.

    Args:
        data: Folder of the data sets.
    """
    for case in cbis_ddsm(data / "cbis_ddsm_mass"):
        yield case.name, case.read()
    for folder in ("cdd_cesm", "mias", "cbis_ddsm_mass/fullres_sample"):
        for path in sorted((data / folder).rglob("*.jpg")):
            if "mask" not in path.parts[-2] and not path.stem.endswith("_1_0"):  # the full-size film's mask
                yield path.name, _read_grey(path)
