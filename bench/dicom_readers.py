"""Checks that independent DICOM readers read Lobule's objects as they were written.

python bench/dicom_readers.py [--inputs 50]

dcmjs must read the region of every finding, within one pixel, and the mask of every outline, exactly; Cornerstone's
adapters must make an annotation with the same corners of each region. Prints what was compared, and exits with status 1
if anything differs. It needs Node.js and `make node-modules`.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from dicom_objects import inputs, objects_of, signed_by

from dicom_node.results.concepts import derived_uid
from dicom_node.results.film import AnalysedFilm
from dicom_node.results.measurements import corners, tracking_uid
from dicom_node.results.segmentation import mask_of, outlined

ROOT = Path(__file__).parents[1]
MODULES = ROOT / "node_modules" / "@cornerstonejs" / "adapters"


def available() -> bool:
    """Whether Node.js and the readers are installed."""
    return shutil.which("node") is not None and MODULES.exists()


def compare(studies: Sequence[Sequence[AnalysedFilm]], folder: Path) -> tuple[Counter[str], list[str]]:
    """Write reports and segmentations, read them with both readers, and compare the result with the findings.

    Args:
        studies: The films of each study.
        folder: An empty folder to write to.

    Returns:
        The number of compared items by kind, and the differences.
    """
    written: dict[str, Sequence[AnalysedFilm]] = {}
    for number, films in enumerate(studies):
        for name, made in objects_of(films).items():
            if name.split("-")[0] in ("findings", "verdicts", "outlines", "conclusion") and "failed" not in name:
                made.save_as(folder / f"{number}-{name}.dcm", enforce_file_format=True)
                written[f"{number}-{name}.dcm"] = films
    command = ["node", ROOT / "bench" / "dicom_readers.js", folder]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True, timeout=600)
    read = json.loads(done.stdout)
    compared, wrong = Counter[str](), list[str]()
    for file, films in written.items():
        found, kind = read[file], file.split("-", 1)[1].split("-")[0].removesuffix(".dcm")
        if kind == "outlines":
            _compare_masks(found["masks"], films[int(file.removesuffix(".dcm").rsplit("-", 1)[1]) - 1], compared, wrong)
        elif kind in ("findings", "verdicts"):
            _compare_regions(found, films, kind == "verdicts", compared, wrong)
        compared["objects"] += 1
    return compared, wrong


def _compare_regions(
    parsed: Any, films: Sequence[AnalysedFilm], signed: bool, compared: Counter[str], wrong: list[str]
) -> None:
    expected = {
        str(tracking_uid(film, each)): (film, corners(film, each))
        for film in films
        for each in (film.result.findings if signed else film.result.marked_findings())
    }
    ellipses = set[str]()  # Cornerstone makes annotations of other applications' boxes only
    if signed:
        own = {str(derived_uid("reader", each.id)): each for each in signed_by(films).own}
        expected |= {uid: (films[0], corners(films[0], each)) for uid, each in own.items()}
        ellipses = {uid for uid, each in own.items() if each.shape == "ellipse"}
    for kind in ("regions", "annotations"):
        found = {each["uid"]: each for each in parsed.get(kind, [])}
        awaited = expected if kind == "regions" else {k: v for k, v in expected.items() if k not in ellipses}
        if found.keys() != awaited.keys():
            wrong.append(f"{kind}: {len(found)} of {len(awaited)}")
            continue
        for uid, (film, box) in awaited.items():
            points = np.array(found[uid]["points"], float).reshape(-1, 2)
            compared[kind] += 1
            same = np.abs(points.min(0) - box.min(0)).max() <= 1 and np.abs(points.max(0) - box.max(0)).max() <= 1
            if not same or found[uid]["image"] != film.header.SOPInstanceUID:
                wrong.append(f"{kind} {uid}: {points.tolist()} in the place of {box.tolist()}")


def _compare_masks(parsed: Any, film: AnalysedFilm, compared: Counter[str], wrong: list[str]) -> None:
    found = {each["uid"]: each["pixels"] for each in parsed}
    for each in outlined(film):
        mask = mask_of(each, film.header.Rows, film.header.Columns)
        compared["masks"] += 1
        if found.get(str(tracking_uid(film, each))) != np.flatnonzero(mask).tolist():
            wrong.append(f"mask of {film.name} {each.id}")


def main() -> None:
    """Run the comparison and print the results."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--inputs", type=int, default=50)
    given = arguments.parse_args()
    if not available():
        sys.exit("There are no readers; make node-modules installs them.")
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as films, tempfile.TemporaryDirectory() as objects:
        studies = [films for _, films in inputs(given.inputs, Path(films))]
        compared, wrong = compare(studies, Path(objects))
    print(*wrong, sep="\n")
    print({"inputs": given.inputs, "wrong": len(wrong), **compared})
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
