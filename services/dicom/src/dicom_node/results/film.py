"""A film with its result, from which the objects about it are created.

What a sender leaves out or misspells must not spoil them. So a film's header is reduced to what they repeat of it, each
value in a form that the standard allows (DICOM PS3.5, table 6.2-1), or empty.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pydicom
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from dicom_node.results.lookup_tables import voi_lut
from lobule.contracts.examination import LesionPlace
from lobule.contracts.result import Finding, Laterality, Result, View
from lobule.contracts.views import parts_of

UNICODE = "ISO_IR 192"
_TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?")
_GREY = ("MONOCHROME1", "MONOCHROME2")
_ORIENTATION = re.compile(r"[ALRPHF]{1,3}")


@dataclass(frozen=True)
class AnalysedFilm:
    """A film and its findings.

    Attributes:
        header: The film's header, reduced and mended; see `read_header`.
        job_id: Id of the analysis.
        result: The analysis, with side and view as a reader may have corrected them.
        image_id: Id of the film's image in the gateway.
        copy: Which of several films of this side and view it is, from 1, as the report counts them.
        numbers: Numbers of the findings in the report, by their ids; a finding without one has its place in the result.
        places: Places of the findings in the breast, by their ids, if they are known.
    """

    header: Dataset
    job_id: str
    result: Result
    image_id: str = ""
    copy: int = 1
    numbers: Mapping[str, int] = field(default_factory=dict[str, int])
    places: Mapping[str, LesionPlace] = field(default_factory=dict[str, LesionPlace])

    @property
    def laterality(self) -> Laterality | None:
        """The side, as a reader may have corrected it."""
        return self.result.image.laterality

    @property
    def analysed(self) -> str:
        """A fingerprint of the film's analysis, its name, and the numbers of its findings."""
        numbers = [self.number_of(finding) for finding in self.result.findings]
        plain = numbers == list(range(1, len(numbers) + 1))  # as in older versions: not made anew
        return f"{self.job_id}:{self.name}" if plain else f"{self.job_id}:{self.name}:{numbers}"

    @property
    def name(self) -> str:
        """The side and the view as far as known, numbered among films of the same."""
        return film_name(self.laterality, self.result.image.view, self.copy)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self.result.image.width, self.result.image.height

    def number_of(self, finding: Finding) -> int:
        """The number of a finding in portal and report."""
        place = next(n for n, each in enumerate(self.result.findings, 1) if each.id == finding.id)
        return self.numbers.get(finding.id, place)

    @property
    def repeats_display(self) -> bool:
        """Whether a presentation state can repeat the sender's display settings."""
        tables = ("VOILUTSequence", "ModalityLUTSequence")
        return all(self.header[name].value for name in tables if name in self.header)


@dataclass(frozen=True)
class FailedFilm:
    """A film that could not be analysed.

    Attributes:
        header: The film's header, reduced and mended; see `read_header`.
        laterality: Side of the film, if known.
        view: View of the film, if known.
        copy: Which of several films of this side and view it is, from 1.
        image_id: Id of the film's image in the gateway; empty if the gateway did not accept it.
    """

    header: Dataset
    laterality: Laterality | None = None
    view: View | None = None
    copy: int = 1
    image_id: str = ""

    @property
    def name(self) -> str:
        """The side and the view as far as known, numbered among films of the same."""
        return film_name(self.laterality, self.view, self.copy)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self.header.Columns, self.header.Rows

    @classmethod
    def of(cls, header: Dataset) -> "FailedFilm":
        """A film that only its own header describes."""
        return cls(header, next((side for side in get_args(Laterality) if side == header.ImageLaterality), None))


_MODIFIED: dict[str, str] = {
    "M": "magnification",
    "S": "spot compression",
    "SM": "spot compression magnification",
    "RL": "rolled laterally",
    "RM": "rolled medially",
    "RS": "rolled superiorly",
    "RI": "rolled inferiorly",
}
"""Modifiers in full: L and M, a left magnification, would read as lateromedial."""


def film_name(laterality: Laterality | None, view: View | None, copy: int = 1) -> str:
    """The name of a film, such as `RCC`, `RCC 2`, `LCC magnification`, `LM (side unknown)` or `R (view unknown)`.

    Args:
        laterality: Side of the film; None if unknown.
        view: View of the film; None if unknown.
        copy: Which of several films of this side and view it is.
    """
    if laterality is None or view is None:
        known = laterality or view
        name = f"{known} ({'side' if laterality is None else 'view'} unknown)" if known else "film"
    else:
        projection, modifier = parts_of(view)
        name = " ".join(part for part in (f"{laterality}{projection or ''}", _MODIFIED.get(modifier or "")) if part)
    return name if copy == 1 else f"{name} {copy}"


def read_header(path: Path) -> Dataset:
    """The attributes of a film that objects about it repeat: patient, study, UIDs and size.

    Args:
        path: The film, as it was received.
    """
    film = pydicom.dcmread(path, stop_before_pixels=True, force=True)
    header = Dataset()
    header.SpecificCharacterSet = UNICODE
    for name, mend in _KEPT.items():
        setattr(header, name, _value(film, name, mend))
    issuer = _value(film, "IssuerOfPatientID", _text(64))
    if issuer:  # whose the identifier is decides in which patient's folder an object ends
        header.IssuerOfPatientID = issuer
    for name in ("Rows", "Columns"):
        setattr(header, name, _value(film, name, _count))
    orientation = _value(film, "PatientOrientation", _orientation)
    if orientation:
        header.PatientOrientation = orientation
    header.update(_shown(film))
    return header


def person_name(name: str) -> str:
    """A person's name as components. The whole text becomes the family name, because its parts are unknown."""
    family = _first(name.replace("=", " ").replace("^", " "))[:63].strip()
    return f"{family or 'Reader'}^"


def _shown(film: Dataset) -> Dataset:
    """The sender's display settings: rescaling, window or lookup tables, polarity. Incomplete settings are left out.

    A sequence of lookup tables that cannot be repeated is there, but empty.
    """
    shown = Dataset()
    slope, intercept = (_value(film, name, _number) for name in ("RescaleSlope", "RescaleIntercept"))
    if isinstance(slope, float) and isinstance(intercept, float) and slope != 0:
        shown.RescaleSlope, shown.RescaleIntercept, shown.RescaleType = slope, intercept, "US"
    center, width = (_value(film, name, _number) for name in ("WindowCenter", "WindowWidth"))
    if isinstance(center, float) and isinstance(width, float) and width >= 1:
        shown.WindowCenter, shown.WindowWidth = center, width
        function = _value(film, "VOILUTFunction", _first)
        if function in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
            shown.VOILUTFunction = function
    elif tables := _value(film, "VOILUTSequence", list):
        repeated = [voi_lut(item) for item in tables]
        shown.VOILUTSequence = [] if None in repeated else repeated
    if _value(film, "ModalityLUTSequence", list):
        shown.ModalityLUTSequence = []
    photometric = _value(film, "PhotometricInterpretation", _first)
    shown.PhotometricInterpretation = photometric if photometric in _GREY else "MONOCHROME2"
    return shown


def _value(film: Dataset, name: str, mend: Callable[[Any], Any]) -> Any:
    try:
        found = film.get(name)
    except Exception:  # noqa: BLE001 - pydicom raises whatever a converter raises; a value that cannot be read is none
        return ""
    return "" if found is None else mend(found)


def _first(value: Any) -> str:
    """The first of several values as text, without characters that DICOM text must not contain."""
    if isinstance(value, (MultiValue, list)):
        value = value[0] if len(value) else ""
    return "".join(c for c in str(value).replace("\\", " ") if c.isprintable()).strip()


def _number(value: Any) -> float | str:
    """The first of several numbers; empty if it is none."""
    try:
        number = float(_first(value))
    except ValueError:
        return ""
    return float(f"{number:.8g}") if math.isfinite(number) and abs(number) < 1e9 else ""


def _count(value: Any) -> int:
    """A number of rows or columns; 0 if it is missing or invalid."""
    number = _number(value)
    return int(number) if isinstance(number, float) and 0 < number < 2**16 else 0


def _text(length: int) -> Callable[[Any], str]:
    return lambda value: _first(value)[:length].strip()


def _whole(length: int) -> Callable[[Any], str]:
    """For an identifier: empty if it is longer, because its beginning may be another one."""
    return lambda value: text if len(text := _first(value)) <= length else ""


def _person(value: Any) -> str:
    """A person's name: three groups of at most 64 characters."""
    return "=".join(group[:64].strip() for group in _first(value).split("=")[:3])


def _day(value: Any) -> str:
    text = _first(value).replace(".", "")[:8]
    try:
        date.fromisoformat(text)
    except ValueError:
        return ""
    return text if len(text) == 8 and text.isdigit() else ""


def _time(value: Any) -> str:
    text = _first(value).replace(":", "")
    return text if _TIME.fullmatch(text) else ""


def _sex(value: Any) -> str:
    text = _first(value).upper()
    return text if text in ("F", "M", "O") else ""


def _side(value: Any) -> str:
    text = _first(value).upper()
    return text if text in get_args(Laterality) else ""


def _orientation(value: Any) -> list[str]:
    """The directions of rows and columns, if both use the letters of the standard."""
    parts = [str(part).strip() for part in value] if isinstance(value, (MultiValue, list)) else []
    return parts if len(parts) == 2 and all(_ORIENTATION.fullmatch(part) for part in parts) else []


_KEPT: dict[str, Callable[[Any], Any]] = {
    "SOPClassUID": _text(64),
    "SOPInstanceUID": _text(64),
    "StudyInstanceUID": _text(64),
    "SeriesInstanceUID": _text(64),
    "PatientName": _person,
    "PatientID": _whole(64),
    "PatientBirthDate": _day,
    "PatientSex": _sex,
    "StudyDate": _day,
    "StudyTime": _time,
    "StudyID": _whole(16),
    "AccessionNumber": _whole(16),
    "ReferringPhysicianName": _person,
    "StudyDescription": _text(64),
    "ImageLaterality": _side,
}
"""Present even where empty: highdicom asks for them."""
