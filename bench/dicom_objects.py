"""Checks that every DICOM object made of a study conforms to the standard, even if its films lack or misuse tags.

python bench/dicom_objects.py [--inputs 60] [--folder KEEP]

Draws studies whose films lack single tags, many tags or all optional ones, or have values that the standard forbids.
Makes every kind of object of each study, and checks each object with dciodvfy and each report with dsrdump. Prints the
errors, and exits with status 1 if there was one.
"""

import argparse
import copy
import io
import random
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from dicom_faults import VIEWS, small_film
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from dicom_node.results.cad_report import cad_report
from dicom_node.results.conclusion_report import conclusion_report
from dicom_node.results.document import encapsulated_pdf
from dicom_node.results.examination import Examination, Signed, Verification
from dicom_node.results.film import AnalysedFilm, FailedFilm, read_header
from dicom_node.results.presentation_state import presentation_state
from dicom_node.results.secondary_capture import secondary_capture
from dicom_node.results.segmentation import segmentation
from dicom_node.results.structured_report import structured_report, verdict_report
from lobule.contracts.breasts import BreastConclusion, BreastConclusions
from lobule.contracts.case import Review
from lobule.contracts.examination import BreastReading, BreastReason, Lesion, LesionMark, LesionPlace
from lobule.contracts.reader import ReaderFinding
from lobule.contracts.result import (
    Box,
    DisplayImage,
    Finding,
    Hanging,
    ImageInfo,
    ModelInfo,
    Result,
    Thresholds,
)

OPTIONAL: dict[str, Any] = {
    "PatientName": "Roe^Jane",
    "PatientID": "PID-1",
    "IssuerOfPatientID": "HOSPITAL",
    "PatientBirthDate": "19600131",
    "PatientSex": "F",
    "PatientAge": "065Y",
    "StudyDate": "20260131",
    "StudyTime": "101500.25",
    "StudyID": "S1",
    "AccessionNumber": "A-77",
    "ReferringPhysicianName": "Who^Doctor",
    "StudyDescription": "Screening",
    "PatientOrientation": ["P", "L"],
    "ImagerPixelSpacing": [0.1, 0.1],
    "WindowCenter": 2000,
    "WindowWidth": 4000,
    "VOILUTFunction": "LINEAR",
    "RescaleSlope": 1,
    "RescaleIntercept": 0,
    "SeriesInstanceUID": "1.2.826.0.1.3680043.8.498.7",
}
"""Tags that films may lack, with valid values."""
FAULTY: Sequence[dict[str, Any]] = (
    {"PatientBirthDate": "unknown", "StudyDate": "2026.01.31", "StudyTime": "25:61"},
    {"PatientName": "Wang^XiaoDong=王^小东", "SpecificCharacterSet": "GB18030"},
    {"PatientName": "X" * 200, "PatientID": "Y" * 200, "StudyID": "Z" * 40, "AccessionNumber": "A" * 40},
    {"PatientSex": "W", "PatientAge": "fifty", "PatientOrientation": ["left", "feet"]},
    {"ReferringPhysicianName": "A^B\\C^D", "StudyDescription": "two\r\nlines\0"},
    {"PatientName": "", "PatientID": "", "PatientBirthDate": None, "StudyID": None, "AccessionNumber": ""},
    {"WindowCenter": [1000, 2000], "WindowWidth": [0, 1], "RescaleSlope": 0},
    {"WindowCenter": 1e20, "WindowWidth": -3, "VOILUTFunction": "CURVE"},
    {"PhotometricInterpretation": "MONOCHROME1", "WindowCenter": 0.123456789012, "WindowWidth": 3e3},
)
"""Values that the standard forbids, or that are rare."""
_PLACE = LesionPlace(across="outer", along="upper", clock=10, depth="middle", retroareolar=False)
_BEHIND_NIPPLE = LesionPlace(across=None, along=None, clock=None, depth="anterior", retroareolar=True)
MODEL = ModelInfo(name="detector", version="1.2", weights_sha256="b" * 64, calibration="c", trained_on="t")


def finding(number: int, box: Box, **changes: Any) -> Finding:
    """A marked finding."""
    values = {"id": f"f{number}", "label": "malignant", "probability": 0.8, "probability_malignant": 0.6}
    return Finding(**(values | changes), box=box)


def analysed(path: Path, *findings: Finding, job: str = "job-1", **image: Any) -> AnalysedFilm:
    """A film with the results of an analysis."""
    header = read_header(path)
    info = {"sha256": "a" * 64, "file_name": "f", "modality": "mammography", "laterality": "R", "view": "CC"}
    result = Result(
        image=ImageInfo(**(info | {"width": header.Columns, "height": header.Rows} | image)),
        model=MODEL,
        thresholds=Thresholds(low=0.1, high=0.5, finding=0.3),
        assessment="malignancy_suspected" if findings else "no_sign_of_malignancy",
        probability_malignant=0.6 if findings else 0.05,
        findings=list(findings),
        display=DisplayImage(file="display.png", width=header.Columns, height=header.Rows),
    )
    return AnalysedFilm(header, job, result, f"image-of-{job}", places={"f1": _PLACE, "f2": _BEHIND_NIPPLE})


def failed_beside(film: AnalysedFilm) -> FailedFilm:
    """Another film of the same study that could not be analysed."""
    header = copy.deepcopy(film.header)
    header.SOPInstanceUID = generate_uid()
    return FailedFilm(header, "L", "CC", image_id="image-that-failed")


def signed_by(films: Sequence[AnalysedFilm], reader: str = "Dr Lee") -> Signed:
    """A signed reading of films: every second finding confirmed, the others dismissed."""
    now, reviews = datetime.now(UTC), []
    for film in films:
        for place, each in enumerate(film.result.findings):
            verdict = "dismissed" if place % 2 else "confirmed"
            review = {"job_id": film.job_id, "finding": str(place), "finding_id": each.id, "verdict": verdict}
            reviews.append(Review(**review, reviewer=reader, reviewed_at=now))
    right = BreastConclusion(bi_rads=4, density="c", recommendation="biopsy")
    breasts = BreastConclusions(right=right, left=BreastConclusion(bi_rads=1))
    return Signed(
        1, Verification(reader, now), "malignancy_suspected", breasts, "Spiculated mass.", reviews, drawn_on(films[0])
    )


def drawn_on(film: AnalysedFilm | FailedFilm) -> list[ReaderFinding]:
    """A finding of every shape that a reader drew on a film."""
    said: dict[str, Any] = {"image_id": film.image_id, "author": "Dr Lee", "drawn_at": datetime.now(UTC)}
    said["box"], outline = Box(x=10, y=15, width=30, height=20), [(10.0, 15.0), (39.0, 15.0), (25.0, 34.0)]
    shapes: list[dict[str, Any]] = [
        {"kind": "asymmetry", "shape": "box"},
        {"kind": "distortion", "shape": "ellipse"},
        {"kind": "other", "shape": "outline", "outline": outline},
    ]
    ids = "0000000{}-0000-4000-8000-000000000000"
    return [ReaderFinding(id=ids.format(n), number=n, **said, **shape) for n, shape in enumerate(shapes, 1)]


def examination_of(films: Sequence[AnalysedFilm], signed: Signed | None = None) -> Examination:
    """An examination as the gateway describes it."""
    sentences = ["RCC: suspected."], ["Take a biopsy."]
    return Examination(films, "malignancy_suspected", 0.6, *sentences, signed, [_together()] if len(films) > 1 else [])


def _all_failed(films: Sequence[AnalysedFilm]) -> Examination:
    """An examination in which no film could be analysed."""
    said = ["LCC could not be assessed."], ["Repeat it."]
    return Examination([], None, None, *said, None, failed=[failed_beside(films[0])])


def _together() -> BreastReading:
    """A common assessment of two films of the right breast."""
    marks = [
        LesionMark(job_id="job-1", finding_id="f1", view="CC"),
        LesionMark(job_id="job-2", finding_id="f1", view="MLO"),
    ]
    return BreastReading(
        laterality="R",
        views=["CC", "MLO"],
        assessment="malignancy_suspected",
        probability_malignant=0.7,
        bi_rads=4,
        lesions=[Lesion(marks=marks, probability_malignant=0.6, same_lesion=0.9, place=_PLACE)],
        reasons=[BreastReason(code="lesion_on_both_views", lesion=0)],
    )


def objects_of(films: Sequence[AnalysedFilm], signed: Signed | None = None) -> dict[str, Dataset]:
    """Every object that can be made of films, by name."""
    signed = signed or signed_by(films)
    failed = failed_beside(films[0])
    first = structured_report(films, **_names())
    made: dict[str, Dataset] = {
        "findings": first,
        "conclusion": conclusion_report(examination_of(films), **_names()),
        "conclusion-signed": conclusion_report(examination_of(films, signed), **_names(), previous=first),
        "verdicts": verdict_report(films, signed, **_names(), previous=first),
        "verdicts-failed": verdict_report(films, replace(signed, own=drawn_on(failed)), [failed], **_names()),
        "verdicts-all-failed": verdict_report([], replace(signed, own=drawn_on(failed)), [failed], **_names()),
        "cad": cad_report(films, **_names()),
        "cad-failed": cad_report(films, [failed], **_names()),
        "cad-all-failed": cad_report([], [failed], **_names()),
        "conclusion-all-failed": conclusion_report(_all_failed(films), **_names()),
        "pictures": secondary_capture(films, {film.job_id: _display(film) for film in films}.__getitem__, **_names()),
        "document": encapsulated_pdf(b"%PDF-1.7 odd", films, **_names(), signed=2, made_at=datetime.now(UTC)),
    }
    for place, film in enumerate(films, 1):
        if any(each.outline for each in film.result.marked_findings()):
            made[f"outlines-{place}"] = segmentation(film, **_names(), number=place)
        if film.result.marked_findings():
            made[f"marks-{place}"] = presentation_state(film, **_names(), number=place)
    return made


def _names() -> dict[str, Any]:
    return {"uid": generate_uid(), "series_uid": generate_uid()}


def _display(film: AnalysedFilm) -> bytes:
    """A uniformly grey display image."""
    stream = io.BytesIO()
    Image.new("L", (film.result.display.width, film.result.display.height), 90).save(stream, "PNG")
    return stream.getvalue()


def errors_in(made: Dataset, path: Path) -> list[str]:
    """The errors that dciodvfy finds in an object, and dsrdump in a report."""
    made.save_as(path, enforce_file_format=True)
    done = subprocess.run(["dciodvfy", "-new", path], capture_output=True, text=True, errors="replace")
    errors = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")]
    if made.Modality == "SR":
        read = subprocess.run(["dsrdump", path], capture_output=True, text=True, errors="replace")
        errors += [f"dsrdump: {read.stderr.strip()}"] if read.returncode else []
    return errors


def inputs(count: int, folder: Path, seed: int = 15) -> Iterator[tuple[str, list[AnalysedFilm]]]:
    """Studies of one to four films, with a description of their irregularities."""
    chance, pixels = random.Random(seed), np.random.default_rng(seed)
    oddities: list[tuple[str, dict[str, Any]]] = [("whole", OPTIONAL), ("everything optional missing", {})]
    oddities += [(f"without {name}", {n: v for n, v in OPTIONAL.items() if n != name}) for name in OPTIONAL]
    oddities += [(f"faulty {', '.join(each)}", OPTIONAL | each) for each in FAULTY]
    oddities += [(f"faulty {', '.join(each)} alone", dict(each)) for each in FAULTY]
    while len(oddities) < count:
        kept = chance.sample(sorted(OPTIONAL), chance.randint(1, len(OPTIONAL) - 1))
        oddities.append((f"with {len(kept)} tags", {name: OPTIONAL[name] for name in kept}))
    for number, (name, tags) in enumerate(oddities[:count]):
        views = VIEWS[: 1 + number % 4]
        yield name, [draw_film(folder, f"{number}-{place}", tags, view, pixels) for place, view in enumerate(views)]


def draw_film(
    folder: Path, name: str, tags: dict[str, Any], view: tuple[str, str], pixels: np.random.Generator
) -> AnalysedFilm:
    """A film with the results of an analysis; its findings depend on its name only."""
    film = small_film("1.2.826.0.1.3680043.8.498.15", *view, pixels)
    for tag in ("PatientName", "PatientID"):
        del film[tag]
    for tag, value in tags.items():
        setattr(film, tag, value)
    path = folder / f"film-{name}.dcm"
    film.save_as(path, enforce_file_format=True)
    number = sum(map(ord, name))
    outline = [(20.0, 30.0), (60.0, 32.0), (40.0, 80.0)] if number % 2 else None
    found = [
        finding(1, Box(x=20, y=30, width=41, height=51), outline=outline),
        finding(2, Box(x=-3, y=100, width=50, height=70), probability_malignant=None, label="calcification"),
        finding(3, Box(x=1, y=1, width=5, height=5), probability=0.2),
    ]
    image: dict[str, Any] = {"laterality": view[0], "view": view[1]}
    if number % 3:
        image |= {"pixel_spacing_mm": (0.1, 0.2), "spacing_plane": "detector"}
    if number % 4 == 1:
        image |= {"hanging": Hanging(rotation=90, mirrored=True)}
    if number % 7 == 2:
        image |= {"laterality": None, "view": None}
    return analysed(path, *(found if number % 5 else []), job=f"job-{name}", **image)


def main() -> None:
    """Run the checks and print the errors."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--inputs", type=int, default=60)
    arguments.add_argument("--folder", type=Path, help="keep the objects here")
    given = arguments.parse_args()
    for program in ("dciodvfy", "dsrdump"):
        if shutil.which(program) is None:
            sys.exit(f"There is no {program} (apt-get install dicom3tools dcmtk).")
    warnings.simplefilter("ignore")  # the values written here are irregular on purpose
    checked, wrong = Counter[str](), 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for number, (name, films) in enumerate(inputs(given.inputs, folder)):
            for kind, made in objects_of(films).items():
                checked[kind.split("-")[0]] += 1
                for error in errors_in(made, folder / f"{number}-{kind}.dcm"):
                    wrong += 1
                    print(f"{name}: {kind}: {error}")
    print({"inputs": given.inputs, "objects": sum(checked.values()), "errors": wrong, **checked})
    sys.exit(wrong != 0)


if __name__ == "__main__":
    main()
