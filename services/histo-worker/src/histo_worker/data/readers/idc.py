"""IDC, patches of breast slides at about 4 um a pixel (Cruz-Roa et al., SPIE 2014; Janowczyk & Madabhushi, JPI 2016).

Invasive ductal carcinoma is malignant. "Benign" here means no invasive carcinoma, which includes in-situ carcinoma, fat
and stroma. There are two layouts: the published one with one file per patch, named
`10253_idx5_x1351_y1101_class0.png`, and sheets of patches with an `index.csv`.
"""

import re
from pathlib import Path

from histo_worker.data.breakhis import LABELS, Field
from histo_worker.data.patches import Patch
from histo_worker.data.readers.index_csv import has_index, read_index
from histo_worker.preprocessing.windows import Window
from lobule_ml.data_sets import Reader, Reading

SIDE = 50
"""Side of a patch in pixels."""
UM_PER_PIXEL = 4.0
COLUMNS = ("sheet", "patient", "left", "top", "idc")

_NAME = re.compile(r"(?P<patient>\d+)_idx\d+_x(?P<x>\d+)_y(?P<y>\d+)_class(?P<idc>[01])")
_NAMES = "*_idx*_x*_y*_class[01].png"


def recognises(folder: Path) -> bool:
    """Whether the folder has one of the two layouts."""
    return folder.is_dir() and (has_index(folder, COLUMNS) or next(folder.rglob(_NAMES), None) is not None)


def read(folder: Path) -> Reading[Field]:
    """Read all patches, in the order of sheets or names."""
    return read_index(folder, COLUMNS, _field) if has_index(folder, COLUMNS) else _files(folder)


def _field(folder: Path, row: dict[str, str], line: int) -> Patch:
    path = folder / row["sheet"]
    if not path.is_file():
        raise ValueError(f"{path} does not exist")
    if row["idc"] not in ("0", "1") or not row["patient"]:
        raise ValueError(f"patient {row['patient']!r}, idc {row['idc']!r}: expected a patient, and 0 or 1")
    window = Window(int(row["left"]), int(row["top"]), SIDE)
    name = f"{path.stem}-{window.x}-{window.y}"
    return Patch(name, LABELS[int(row["idc"])], "", path.stem, row["patient"], None, line, path, window)


def _files(folder: Path) -> Reading[Field]:
    found = Reading[Field]()
    for number, path in enumerate(sorted(folder.rglob(_NAMES)), start=1):
        if match := _NAME.fullmatch(path.stem):
            label, patient = LABELS[int(match["idc"])], match["patient"]
            found.items.append(Patch(path.stem, label, "", patient, patient, None, number, path))
        else:
            found.problems.append(f"{path}: its name does not contain patient, place and class")
    return found


READER = Reader(
    "IDC (Cruz-Roa et al., SPIE 2014, 10.1117/12.2043872; Janowczyk & Madabhushi, JPI 2016, 10.4103/2153-3539.186902)",
    "FOLDER with …_idx…_x…_y…_class….png, however deep, or index.csv and sheets of patches",
    recognises,
    read,
    terms="public, for academic use; cite its publications",
)
