"""Fills a running Lobule with the cases that the pictures in README.md show: synthetic films of invented patients."""

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pydicom
from films import BITS, HEIGHT, SPACING_MM, WIDTH, Lesion, Side, View, film
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

from lobule.client import ApiError, Client
from lobule.phantoms import histology_phantom

READER, COLLEAGUE, PASSWORD = "anna.lee", "li.wang", "a long password of the pictures"
PEOPLE = {READER: "Dr Anna Lee", COLLEAGUE: "Dr Li Wang"}
VIEWS: tuple[tuple[Side, View], ...] = (("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO"))
_MAGNIFICATION = 1.05  # of the breast on the detector: sizes are those in the breast
_PATIENT_S = 900


@dataclass(frozen=True)
class Patient:
    """An invented patient.

    Attributes:
        name: Pseudonym of the case.
        seed: Of the tissue of both breasts.
        days: Days between today and the newest examination.
        lesions: By side, as they are now.
        dense: Share of glandular tissue.
        earlier: Years since earlier examinations, with the share of today's size that each lesion of a side had then.
        views: Of the newest examination.
        field: Whether there is a microscope field, too.
    """

    name: str
    seed: int
    days: int
    lesions: dict[Side, tuple[Lesion, ...]]
    dense: float = 0.5
    earlier: dict[int, dict[Side, float]] = field(default_factory=dict)
    views: Sequence[tuple[Side, View]] = VIEWS
    field: bool = False


PATIENTS = (
    Patient(
        "P-XDZ2XK",
        40,
        3,
        {"L": (Lesion("rays", 0.5, 0.22, 21),), "R": (Lesion("round", 0.44, -0.2, 16),)},
        earlier={2: {"L": 0.75, "R": 1.0}, 4: {"L": 0.55, "R": 1.0}},
    ),
    Patient("P-K20VN", 60, 3, {"L": (Lesion("rays", 0.45, 0.2, 24),)}, dense=0.6, field=True),
    Patient("P-C1074", 80, 4, {"R": (Lesion("rays", 0.6, 0.25, 19),)}, dense=0.4),
    Patient("P-H7D2L", 100, 4, {"R": (Lesion("grains", 0.5, 0.3, 14),)}, dense=0.62, views=VIEWS[:3]),
    Patient("P-MGSPB", 120, 6, {"L": (Lesion("round", 0.5, -0.3, 12),)}, dense=0.35),
    Patient("P-VV8CK", 140, 7, {}, dense=0.3),
)


def draw_dicom(folder: Path, patient: Patient, day: date, years: int = 0) -> list[Path]:
    """Write the films of an examination as DICOM; returns them in the order of the patient's views."""
    folder.mkdir(parents=True, exist_ok=True)
    shares, study = patient.earlier.get(years, {}), generate_uid()
    files: list[Path] = []
    for side, view in patient.views:
        share = shares.get(side, 1.0)
        lesions = tuple(Lesion(a.kind, a.depth, a.across, a.size_mm * share) for a in patient.lesions.get(side, ()))
        pixels = film(side, view, patient.seed + (side == "L"), lesions, patient.dense)
        files.append(folder / f"IM-{side}{view}.dcm")
        _write(files[-1], pixels, patient, side, view, day, study)
    return files


def _write(
    path: Path, pixels: NDArray[np.uint16], patient: Patient, side: Side, view: View, day: date, study: str
) -> None:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = generate_uid()
    data = Dataset()
    data.file_meta = meta
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.StudyInstanceUID, data.SeriesInstanceUID = study, generate_uid()
    data.PatientName, data.PatientID, data.Modality = "Synthetic^Film", f"SYN{patient.seed:05}", "MG"
    data.StudyDate = f"{day:%Y%m%d}"
    data.ImageLaterality, data.ViewPosition = side, view
    data.PatientOrientation = ["A", "R"] if side == "L" else ["P", "L"]
    data.ImagerPixelSpacing = [SPACING_MM * _MAGNIFICATION] * 2
    data.EstimatedRadiographicMagnificationFactor = _MAGNIFICATION
    data.Rows, data.Columns, data.SamplesPerPixel, data.PixelRepresentation = HEIGHT, WIDTH, 1, 0
    data.PhotometricInterpretation, data.PresentationIntentType = "MONOCHROME2", "FOR PRESENTATION"
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, BITS, BITS - 1
    data.WindowCenter, data.WindowWidth, data.WindowCenterWidthExplanation = 1800, 3600, "Normal"
    data.PixelData = pixels.tobytes()
    data["PixelData"].VR = "OW"
    pydicom.dcmwrite(path, data, enforce_file_format=True)


def draw_field(path: Path) -> Path:
    """Write a synthetic microscope field, which is labelled as such."""
    picture = histology_phantom(2, crowded=True)
    path.write_bytes(cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes())
    return path


def add_people(home: Path) -> None:
    """Add the readers."""
    for name, shown in PEOPLE.items():
        command = [sys.executable, "-m", "lobule", "user", "add", name, "--home", str(home), "--display-name", shown]
        subprocess.run([*command, "--password-stdin"], input=f"{PASSWORD}\n", text=True, check=True)


def add_cases(url: str, drawings: Path, today: date) -> dict[str, str]:
    """Open a case for each patient and wait until all are read; returns their identifiers by pseudonym."""
    with Client(url, READER, PASSWORD) as lobule:
        cases: dict[str, str] = {}
        for patient in PATIENTS:
            cases[patient.name] = case = lobule.open_case(patient.name)
            newest = today - timedelta(days=patient.days)
            for years in (0, *patient.earlier):
                day = newest - timedelta(days=365 * years + years)
                for file in draw_dicom(drawings / patient.name / str(years), patient, day, years):
                    lobule.upload(file, "mammography", case_id=case)
            if patient.field:
                field_ = draw_field(drawings / patient.name / "field_100X.png")
                lobule.upload(field_, "histopathology", case_id=case, magnification="100X", study_date=newest)
        for case in cases.values():
            _wait(lobule, case)
    return cases


def _wait(lobule: Client, case: str) -> None:
    """Wait until the images of a case are analysed and its films are read together."""
    deadline = time.monotonic() + _PATIENT_S
    while time.monotonic() < deadline:
        together = lobule.examination(case)["state"]
        if lobule.case(case)["state"] != "analysing" and together in ("done", "none", "failed", "dead"):
            return
        time.sleep(1)
    raise TimeoutError(f"case {case} is not read after {_PATIENT_S} s")


def judge(url: str, case: str, most: int = 2) -> None:
    """Confirm the most suspicious findings of a case and dismiss the others."""
    with Client(url, READER, PASSWORD) as lobule:
        jobs = {image["job"]["id"]: image for image in lobule.case(case)["images"] if not image["is_prior"]}
        reading = lobule.examination(case)["reading"] or {"breasts": []}
        lesions = sorted(
            (lesion for breast in reading["breasts"] for lesion in breast["lesions"]),
            key=lambda lesion: -(lesion["probability_malignant"] or 0),
        )
        results = lobule.results(case, list(jobs))
        marked = {(job, f["id"]) for job, r in results.items() for f in r["findings"] if _marks(r, f)}
        for number, lesion in enumerate(lesions):
            for mark in lesion["marks"]:
                if (mark["job_id"], mark["finding_id"]) in marked:
                    verdict = "confirmed" if number < most else "dismissed"
                    lobule.review(case, mark["job_id"], mark["finding_id"], verdict)


def _marks(result: dict[str, Any], finding: dict[str, Any]) -> bool:
    return finding["probability"] >= result["thresholds"]["finding"]


def report_pdf(lobule: Client, case: str) -> bytes:
    """The signed report as PDF, once it is rendered."""
    deadline = time.monotonic() + _PATIENT_S
    while True:
        try:
            return lobule.case_report(case, 1, "pdf")
        except ApiError as error:
            if error.code != "report_not_ready" or time.monotonic() > deadline:
                raise
            time.sleep(1)


def sign(url: str, username: str, case: str, said: dict[str, Any]) -> None:
    """Log in to the portal and sign a case, as only a person can."""
    with httpx.Client(base_url=url, timeout=60) as browser:
        browser.post("/login", data={"username": username, "password": PASSWORD})
        csrf = browser.get("/help").text.split('name="csrf-token" content="')[1].split('"')[0]
        headers = {"X-CSRF-Token": csrf}
        browser.post(f"/api/v1/cases/{case}/reports", json=said, headers=headers).raise_for_status()
