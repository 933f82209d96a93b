"""IDC, patches of breast slides at about 4 um a pixel (Cruz-Roa et al., SPIE 2014; Janowczyk & Madabhushi, JPI 2016).

Invasive ductal carcinoma is malignant. "Benign" here means no invasive carcinoma: it includes in-situ carcinoma, fat
and stroma. Two layouts: the published one of a file for each patch, named
`10253_idx5_x1351_y1101_class0.png`, and sheets of patches with an `index.csv`.
"""

import csv
import re
from pathlib import Path

from histo_worker.data.breakhis import LABELS, Field
from histo_worker.data.patches import Patch
from histo_worker.preprocessing.windows import Window
from lobule_ml.data_sets import Reader, Reading

SIDE = 50
"""Of a patch, in pixels."""
UM_PER_PIXEL = 4.0
INDEX = "index.csv"
COLUMNS = ("sheet", "patient", "left", "top", "idc")

_NAME = re.compile(r"(?P<patient>\d+)_idx\d+_x(?P<x>\d+)_y(?P<y>\d+)_class(?P<idc>[01])")
_NAMES = "*_idx*_x*_y*_class[01].png"


def recognises(folder: Path) -> bool:
    """Whether the folder has one of the two layouts."""
    return folder.is_dir() and (_has_sheets(folder) or next(folder.rglob(_NAMES), None) is not None)


def read(folder: Path) -> Reading[Field]:
    """All patches, in the order of sheets or names."""
    return _sheets(folder) if _has_sheets(folder) else _files(folder)


def _has_sheets(folder: Path) -> bool:
    index = folder / INDEX
    if not index.is_file():
        return False
    with index.open(encoding="utf-8-sig", errors="replace") as stream:
        return set(COLUMNS) <= set(next(csv.reader(stream), ()))


def _sheets(folder: Path) -> Reading[Field]:
    found = Reading[Field]()
    index = folder / INDEX
    with index.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.DictReader(stream)
        for row in rows:
            try:
                found.items.append(_field(folder, row, rows.line_num))
            except ValueError as error:
                found.problems.append(f"{index}, line {rows.line_num}: {error}")
    return found


def _field(folder: Path, row: dict[str, str | None], line: int) -> Patch:
    text = {name: (row[name] or "").strip() for name in COLUMNS}
    path = folder / text["sheet"]
    if not path.is_file():
        raise ValueError(f"{path} is not there")
    if text["idc"] not in ("0", "1") or not text["patient"]:
        raise ValueError(f"patient {text['patient']!r}, idc {text['idc']!r}: expected a patient, and 0 or 1")
    window = Window(int(text["left"]), int(text["top"]), SIDE)
    name = f"{path.stem}-{window.x}-{window.y}"
    return Patch(name, LABELS[int(text["idc"])], "", path.stem, text["patient"], None, line, path, window)


def _files(folder: Path) -> Reading[Field]:
    found = Reading[Field]()
    for number, path in enumerate(sorted(folder.rglob(_NAMES)), start=1):
        if match := _NAME.fullmatch(path.stem):
            label, patient = LABELS[int(match["idc"])], match["patient"]
            found.items.append(Patch(path.stem, label, "", patient, patient, None, number, path))
        else:
            found.problems.append(f"{path}: its name says no patient, place and class")
    return found


READER = Reader(
    "IDC (Cruz-Roa et al., SPIE 2014, 10.1117/12.2043872; Janowczyk & Madabhushi, JPI 2016, 10.4103/2153-3539.186902)",
    "FOLDER with …_idx…_x…_y…_class….png, however deep, or index.csv and sheets of patches",
    recognises,
    read,
    terms="public, for academic use; cite its publications",
)
