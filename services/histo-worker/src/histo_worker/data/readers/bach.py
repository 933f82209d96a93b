"""BACH, the microscopy images of ICIAR 2018 (Aresta et al., Med Image Anal 2019): four folders, 0.42 um a pixel.

Carcinoma, in situ or invasive, is malignant; normal tissue and benign lesions are benign. The data set does not state
which images are from the same patient, so each image counts as a patient, and every figure by patient is optimistic.
"""

from pathlib import Path

from histo_worker.data.breakhis import Field, Label
from histo_worker.data.labels import magnification_at
from lobule_ml.data_sets import Reader, Reading

CLASSES: dict[str, Label] = {
    "Normal": "benign",
    "Benign": "benign",
    "InSitu": "malignant",
    "Invasive": "malignant",
}
_UM_PER_PIXEL = "0.42"


def _root(path: Path) -> Path | None:
    roots = (path, path / "Photos", path / "ICIAR2018_BACH_Challenge" / "Photos")
    return next((root for root in roots if all((root / name).is_dir() for name in CLASSES)), None)


def read(folder: Path) -> Reading[Field]:
    """Read all images of the four classes."""
    root, found = _root(folder), Reading[Field]()
    if root is None:
        return found
    magnification = magnification_at(_UM_PER_PIXEL)
    for name, label in CLASSES.items():
        files = sorted(p for p in (root / name).iterdir() if p.suffix.lower() in (".tif", ".tiff", ".png"))
        if not files:
            found.problems.append(f"{root / name} contains no image")
        for number, path in enumerate(files, start=1):
            found.items.append(Field(path.stem, label, name, "", path.stem, magnification, number, path))
    return found


READER = Reader(
    "BACH (Aresta et al., Med Image Anal 2019, 10.1016/j.media.2019.05.010)",
    "FOLDER with Photos/Normal, Benign, InSitu and Invasive",
    lambda path: path.is_dir() and _root(path) is not None,
    read,
    terms="CC BY-NC-ND 4.0",
)
