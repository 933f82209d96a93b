"""The public data sets of mammography in the layout of docs/research.md, with a few drawn films each."""

import csv
from collections.abc import Callable, Iterable, Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.data.splits import split_of

SIDE = 400
_BOX = (60, 140, 120, 160)  # x, y, width and height of a mass

Draw = Callable[[int], NDArray[np.uint8]]
Row = dict[str, Any]


def write_public(data: Path, film: Draw, each: int = 4) -> None:
    """Write CBIS-DDSM with this number of training and test films, and the same number of CDD-CESM and mini-MIAS."""
    names = [name for split in ("train", "test") for name in islice(_patients(split), each)]
    malignant = [number % 2 == 1 for number in range(2 * each)]
    _write_cbis(data, film, names, malignant)
    _write_cesm(data / "cdd_cesm", film, each)
    _write_mias(data / "mias", film, each)


def with_mass(film: NDArray[np.uint8], *, malignant: bool) -> NDArray[np.uint8]:
    """A film with a bright mass, which is brighter if it is malignant."""
    x, y, w, h = _BOX
    grey = 230 if malignant else 170
    return cv2.ellipse(film, (x + w // 2, y + h // 2), (w // 2, h // 2), 0, 0, 360, grey, -1).astype(np.uint8)


def _patients(split: str) -> Iterator[str]:
    return (name for name in (f"P_{number:05d}" for number in count(1)) if split_of(name) == split)


def _write_cbis(data: Path, film: Draw, names: list[str], malignant: list[bool]) -> None:
    x, y, w, h = _BOX
    films: list[Row] = []
    lesions: list[Row] = []
    masks: list[Row] = []
    folder = data / "cbis_ddsm_mass"
    for number, (name, is_malignant) in enumerate(zip(names, malignant, strict=True)):
        label, image = "malignant" if is_malignant else "benign", f"{name}_LEFT_CC.jpg"
        _save(folder / "images" / image, with_mass(film(number), malignant=is_malignant))
        _save(data / "cbis_masks" / "masks" / f"{name}.png", _mask())
        films.append(
            {"image": image, "patient": name, "label": label, "view": "CC", "laterality": "L"}
            | {"breast_density": 2, "orig_cols": SIDE, "orig_rows": SIDE}
        )
        lesions.append({"image": image, "label": label, "x_orig": x, "y_orig": y, "w_orig": w, "h_orig": h})
        masks.append({"mask": f"masks/{name}.png", "image": image, "iou_with_best_box": 0.9})
    _table(folder / "index.csv", films)
    _table(folder / "lesions.csv", lesions)
    _table(data / "cbis_masks" / "index.csv", masks)


def _write_cesm(folder: Path, film: Draw, each: int) -> None:
    rows = []
    for number in range(each):
        image, mask = f"images/C{number}.jpg", f"masks/C{number}.png"
        _save(folder / image, with_mass(film(100 + number), malignant=True))
        _save(folder / mask, cv2.ellipse(np.zeros((SIDE, SIDE), np.uint8), (120, 220), (50, 60), 0, 0, 360, 255, -1))
        rows.append({"image": image, "mask": mask, "patient": f"C{number}", "has_mass": 1})
    _table(folder / "index.csv", rows)


def _write_mias(folder: Path, film: Draw, each: int) -> None:
    x, y, w, h = _BOX
    rows = []
    for number in range(each):
        name, label = f"mdb{number:03d}.jpg", ("normal", "normal", "benign", "malignant")[number % 4]
        drawn = film(200 + number)
        _save(folder / "images" / name, drawn if label == "normal" else with_mass(drawn, malignant=True))
        row: Row = {"image": name, "patient": number, "label": label, "is_mass": int(label != "normal")}
        circle = {"x": x + w // 2, "y_from_top": y + h // 2, "radius": w // 2}
        rows.append(row | (dict.fromkeys(circle, "") if label == "normal" else circle))
    _table(folder / "index.csv", rows)


def _mask() -> NDArray[np.uint8]:
    x, y, w, h = _BOX
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[y : y + h, x : x + w] = 255
    return mask


def _save(path: Path, pixels: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), pixels)


def _table(path: Path, rows: Iterable[Row]) -> None:
    first, *others = rows
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(first))
        writer.writeheader()
        writer.writerows([first, *others])
