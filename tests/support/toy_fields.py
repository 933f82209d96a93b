"""A few small fields of BreakHis with a labels CSV, to train toy networks."""

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import cv2

from histo_worker.data.breakhis import Field

_SIDE = 300


def of_both_classes(fields: Sequence[Field], patients: int, each: int) -> list[Field]:
    """Fields at 100X of this number of patients of each class, with this number of fields each."""
    chosen: list[Field] = []
    for label in ("benign", "malignant"):
        at = [field for field in fields if (field.label, field.magnification) == (label, "100X")]
        known = Counter(field.patient for field in at)
        for patient in sorted(name for name, count in known.items() if count >= each)[:patients]:
            chosen += [field for field in at if field.patient == patient][:each]
    return chosen


def write_small(fields: Sequence[Field], folder: Path, table: Path) -> None:
    """Write the upper left corners of fields, and a labels CSV beside the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = ["file,patient,label,magnification"]
    for field in fields:
        cv2.imwrite(str(folder / f"{field.name}.png"), cv2.imread(str(field.path))[:_SIDE, :_SIDE])
        rows.append(f"{folder.name}/{field.name}.png,{field.patient},{field.label},{field.magnification}")
    table.write_text("\n".join(rows) + "\n")


def write_official(fields: Sequence[Field], breakhis: Path, folder: Path) -> None:
    """Write a small BreakHis with its official first fold, with patients on both sides."""
    (folder / "folds").mkdir(parents=True)
    listing = Path(shutil.copy(breakhis / "folds" / "dsfold1.txt", folder / "folds"))
    tested = {line.split("|")[0].split(".")[0] for line in listing.read_text().split() if line.endswith("|test")}
    mixed = {field.patient for field in fields if field.magnification == "100X" and field.name in tested}
    sides = [[f for f in fields if f.name in tested], [f for f in fields if f.patient not in mixed]]
    chosen = [field for side in sides for field in of_both_classes(side, 2, 1)]
    write_small(chosen, folder, folder.parent / "labels.csv")
