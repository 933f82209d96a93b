"""The hung films with their marks as one picture, for systems that show neither reports nor presentation states."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
from highdicom import sc
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset
from pydicom.uid import UID

from dicom_node.results import concepts
from dicom_node.results.film import AnalysedFilm, film_name
from lobule.contracts.case import HANGINGS
from lobule.contracts.result import Finding
from lobule.imaging.hanging import hang, points_as_hung, square_pixels

HEIGHT = 1280
"""Of each film, in pixels of the picture."""
_MARK, _INK, _MARGIN = (255, 196, 0), (235, 235, 235), 44


def secondary_capture(
    films: Sequence[AnalysedFilm], pictures: Mapping[str, bytes], *, uid: UID, series_uid: UID
) -> Dataset:
    """The films side by side as they hang, right breast first, CC above MLO, with their marked findings.

    Args:
        films: Of one study, at least one.
        pictures: Their display images, PNG, by the job's id.
        uid: Of the object.
        series_uid: Of its series.
    """
    header = films[0].header
    capture = sc.SCImage(
        pixel_array=hung(films, pictures),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        study_instance_uid=header.StudyInstanceUID,
        series_instance_uid=series_uid,
        series_number=9007,
        sop_instance_uid=uid,
        instance_number=1,
        manufacturer=concepts.MANUFACTURER,
        patient_id=header.PatientID,
        patient_name=header.PatientName,
        patient_birth_date=header.PatientBirthDate,
        patient_sex=header.PatientSex,
        accession_number=header.AccessionNumber,
        study_id=header.StudyID,
        study_date=header.StudyDate,
        study_time=header.StudyTime,
        referring_physician_name=header.ReferringPhysicianName,
        patient_orientation=("L", "F"),
        series_description="Lobule marked films (research use only)",
        specific_character_set=header.SpecificCharacterSet,
    )
    capture.BurnedInAnnotation = "YES"
    capture["PatientOrientation"].value = ""  # of several films at once there is none
    capture.Laterality = ""
    capture.SecondaryCaptureDeviceManufacturer = concepts.MANUFACTURER
    capture.SecondaryCaptureDeviceManufacturerModelName = concepts.MODEL
    capture.SecondaryCaptureDeviceSoftwareVersions = concepts.VERSION
    capture.copy_patient_and_study_information(header)
    return capture


def hung(films: Sequence[AnalysedFilm], pictures: Mapping[str, bytes]) -> np.ndarray:
    """The picture, uint8 RGB, (height, width, 3)."""
    placed: dict[str, Image.Image] = {}
    for film in films:
        view = film_name(film.laterality, film.result.image.view)
        place = view if view in HANGINGS and view not in placed else film.job_id
        placed[place] = _marked(film, pictures[film.job_id])
    rows = _rows(set(placed))
    width = max(picture.width for picture in placed.values())
    sheet = Image.new("RGB", (2 * width, len(rows) * HEIGHT + _MARGIN))
    for y, row in enumerate(rows):
        for x, name in enumerate(row):
            if name in placed:
                # Chest walls meet in the middle: the right breast's is at its right edge.
                left = width - placed[name].width if x == 0 else width
                sheet.paste(placed[name], (left, y * HEIGHT))
    disclaimer = "Lobule: research use only. Not for diagnosis."
    ImageDraw.Draw(sheet).text((12, len(rows) * HEIGHT + 8), disclaimer, fill=_INK, font=ImageFont.load_default(24))
    return np.asarray(sheet)


def _rows(names: set[str]) -> list[Sequence[str]]:
    """The screening views in fixed places, a missing one black; then the other films, two in a row."""
    others = sorted(names - set(HANGINGS))
    screening = [row for row in (HANGINGS[:2], HANGINGS[2:]) if names & set(row)]
    return [*screening, *(others[first : first + 2] for first in range(0, len(others), 2))]


def _marked(film: AnalysedFilm, picture: bytes) -> Image.Image:
    """A film as it hangs, with square pixels, its marks and their numbers."""
    image = film.result.image
    display = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))
    hanging = Image.fromarray(hang(display, image.hanging))
    across, down = square_pixels(image)
    width = hanging.width * across * HEIGHT / (hanging.height * down)
    hanging = hanging.resize((max(1, round(width)), HEIGHT))
    turned = image.hanging is not None and image.hanging.rotation in (90, 270)
    rows = image.width if turned else image.height
    per_pixel = HEIGHT / rows * np.array([across / down, 1.0])
    drawing, font = ImageDraw.Draw(hanging), ImageFont.load_default(28)
    for finding in film.result.marked_findings():
        line = per_pixel * points_as_hung(np.array(_line(finding)), image.hanging, (image.height, image.width))
        drawing.polygon([(x, y) for x, y in line.tolist()], outline=_MARK, width=3)
        left, top = line.min(axis=0).tolist()
        drawing.text((left, max(0.0, top - 34)), str(film.number_of(finding)), fill=_MARK, font=font)
    drawing.text((12, 8), film.name, fill=_INK, font=font)
    return hanging


def _line(finding: Finding) -> list[tuple[float, float]]:
    box = finding.box
    right, bottom = box.x + box.width, box.y + box.height
    return finding.outline or [(box.x, box.y), (right, box.y), (right, bottom), (box.x, bottom)]
