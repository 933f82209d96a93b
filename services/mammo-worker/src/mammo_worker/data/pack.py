"""Packs films of any data set as PNGs with one labels CSV, for a training on another machine."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.readers.labels_csv import NO_MASS
from mammo_worker.data.training_set import is_unmarked
from mammo_worker.labels import LABELS

TABLE = "labels.csv"
COLUMNS: tuple[str, ...] = (
    "file",
    "patient",
    "label",
    "view",
    "laterality",
    "density",
    "mm_per_pixel",
    "mask",
    "boxes",
)
_NAMES = {number: name for name, number in LABELS.items()}


def pack(films: Iterable[AnnotatedFilm], folder: Path, height: int | None) -> Iterator[str]:
    """Write films, their masks and the table; the new file names do not reveal the originals.

    Args:
        films: Films of any data set.
        folder: Folder, created if necessary.
        height: Largest height; higher films are shrunk with boxes and masks; None keeps every pixel, so that a training
            results in the same weights as with the original files.

    Yields:
        A line for each film that cannot be read.

    Raises:
        FileExistsError: The folder already contains a table.
    """
    for part in ("films", "masks"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    with (folder / TABLE).open("x", newline="", encoding="utf-8") as stream:
        table = csv.DictWriter(stream, COLUMNS)
        table.writeheader()
        for number, film in enumerate(films):
            try:
                pixels, mask = film.read(), film.read_mask() if film.read_mask else None
            except (FileNotFoundError, ValueError) as error:
                yield f"{film.path or film.name}: {error}"
                continue
            scale = 1.0 if height is None else min(1.0, height / pixels.shape[0])
            name = f"films/{number:06d}.png"
            _write(folder / name, _scaled(pixels, scale))
            row = _row(film, scale) | {"file": name}
            if mask is not None:
                row["mask"] = f"masks/{number:06d}.png"
                inside = _scaled(((mask > 127) * 255).astype(np.uint8), scale) > 127
                _write(folder / row["mask"], (inside * 255).astype(np.uint8))
            table.writerow(row)


def _write(path: Path, pixels: NDArray[Any]) -> None:
    """Write a PNG file; OpenCV would not say that the disk is full."""
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())


def _row(film: AnnotatedFilm, scale: float) -> dict[str, Any]:
    row: dict[str, Any] = {name: film.attributes[name] for name in COLUMNS if film.attributes.get(name)}
    if spacing := film.attributes.get("mm_per_pixel"):
        row["mm_per_pixel"] = float(spacing) / scale
    boxes = [[f"{x * scale:.9g}" for x in box] for box in film.boxes.tolist()]
    masses = [[*box, _NAMES[label]] for box, label in zip(boxes, film.labels.tolist(), strict=True)]
    label = _label(film)
    without_mass = not masses and label != "normal" and not is_unmarked(film)
    return row | {
        "patient": film.patient,
        "label": label,
        "boxes": NO_MASS if without_mass else "; ".join(" ".join(words) for words in masses),
    }


def _label(film: AnnotatedFilm) -> str:
    if film.malignant is None:
        return "ambiguous"
    if film.malignant:
        return "malignant"
    return film.attributes.get("label") or ("benign" if len(film.boxes) else "normal")


def _scaled(pixels: NDArray[Any], scale: float) -> NDArray[Any]:
    if scale == 1:
        return pixels
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
