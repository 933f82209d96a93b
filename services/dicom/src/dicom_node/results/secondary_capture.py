"""The hung films with their marks as one picture, for systems that show neither reports nor presentation states."""

import io
import math
from collections.abc import Callable, Sequence

import numpy as np
from highdicom import sc
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset
from pydicom.uid import UID

from dicom_node.results import concepts
from dicom_node.results.film import AnalysedFilm, film_name
from lobule.contracts.case import HANGINGS
from lobule.contracts.result import Finding, ImageInfo
from lobule.imaging.hanging import hang, points_as_hung, square_pixels

HEIGHT = 1280
"""Of each film at most, in pixels of the picture."""
MOST_PIXELS = 16_000_000
"""Of the picture: the object is made in memory, in several copies."""
_WIDEST = 2.0  # width over height of a film that is as high as its row
_MARK, _INK, _MARGIN = (255, 196, 0), (235, 235, 235), 44


def secondary_capture(
    films: Sequence[AnalysedFilm], picture_of: Callable[[str], bytes], *, uid: UID, series_uid: UID
) -> Dataset:
    """The films side by side as they hang, right breast first, CC above MLO, with their marked findings.

    Args:
        films: The films of one study, at least one.
        picture_of: Returns the display image of a film, PNG, by the id of its job.
        uid: SOP Instance UID of the object.
        series_uid: Series Instance UID.
    """
    header = films[0].header
    capture = sc.SCImage(
        pixel_array=hung(films, picture_of),
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


def hung(films: Sequence[AnalysedFilm], picture_of: Callable[[str], bytes]) -> np.ndarray:
    """The picture, uint8 RGB, (height, width, 3).

    A study may have any number of films, and a film any shape, so all are drawn smaller if the picture would have more
    than `MOST_PIXELS`.
    """
    placed: dict[str, AnalysedFilm] = {}
    for film in films:
        view = film_name(film.laterality, film.result.image.view)
        placed[view if view in HANGINGS and view not in placed else film.job_id] = film
    rows = _rows(set(placed))
    widest = max(_aspect(film.result.image) for film in films)
    height = max(1, min(HEIGHT, math.isqrt(int(MOST_PIXELS / (2 * len(rows) * min(widest, _WIDEST))))))
    width = max(_size(film, height)[0] for film in films)
    sheet = Image.new("RGB", (2 * width, len(rows) * height + _MARGIN))
    for y, row in enumerate(rows):
        for x, name in enumerate(row):
            if name in placed:
                drawn = _marked(placed[name], picture_of(placed[name].job_id), height)
                # Chest walls meet in the middle: the right breast's is at its right edge.
                left = width - drawn.width if x == 0 else width
                sheet.paste(drawn, (left, y * height))
    disclaimer = "Lobule: research use only. Not for diagnosis."
    ImageDraw.Draw(sheet).text((12, len(rows) * height + 8), disclaimer, fill=_INK, font=ImageFont.load_default(24))
    return np.asarray(sheet)


def _rows(names: set[str]) -> list[Sequence[str]]:
    """The screening views in fixed places, a missing one black; then the other films, two in a row."""
    others = sorted(names - set(HANGINGS))
    screening = [row for row in (HANGINGS[:2], HANGINGS[2:]) if names & set(row)]
    return [*screening, *(others[first : first + 2] for first in range(0, len(others), 2))]


def _aspect(image: ImageInfo) -> float:
    """Width over height of a film as it hangs, with square pixels."""
    across, down = square_pixels(image)
    columns, rows = (image.height, image.width) if _lies(image) else (image.width, image.height)
    return columns * across / (rows * down)


def _lies(image: ImageInfo) -> bool:
    return image.hanging is not None and image.hanging.rotation in (90, 270)


def _size(film: AnalysedFilm, height: int) -> tuple[int, int]:
    """Width and height of a film in a row of this height; a very wide one is drawn lower than its row."""
    aspect = _aspect(film.result.image)
    width = height * min(aspect, _WIDEST)
    return max(1, round(width)), max(1, round(width / aspect))


def _marked(film: AnalysedFilm, picture: bytes, row_height: int) -> Image.Image:
    """A film as it hangs, with square pixels, its marks and their numbers."""
    image = film.result.image
    display = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))
    width, height = _size(film, row_height)
    hanging = Image.fromarray(hang(display, image.hanging)).resize((width, height))
    columns, rows = (image.height, image.width) if _lies(image) else (image.width, image.height)
    per_pixel = np.array([width / columns, height / rows])
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
