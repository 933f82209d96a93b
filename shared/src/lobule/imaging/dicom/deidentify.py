"""De-identifies DICOM files, and restores a retained identity (DICOM PS3.15, annex E).

The profile is the Basic Application Level Confidentiality Profile with the options Retain Longitudinal Temporal
Information With Modified Dates and Retain Patient Characteristics (age and sex); `retained` is stricter than it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import BinaryIO

from lobule.imaging.dicom.retained import UID_ROLES, Rule, Scope, retained
from lobule.imaging.dicom.rewriting import rewritten
from lobule.imaging.dicom.sinks import Sink

MapUid = Callable[[str, str], str]
"""Replaces a UID, given its role (`study`, `series`, `instance` or `uid`) and value."""
_PATIENT_NAME, _PATIENT_ID = 0x00100010, 0x00100020
_CODE_VALUE, _PERSON_OBSERVER_NAME = 0x00080100, b"121008"  # of DICOM PS3.16, TID 1003
_STANDARD = "1.2.840.10008."
_AGE = re.compile(r"(\d{3})([DWMY])")
_OLDEST = 90
_METHOD = b"Lobule: PS3.15 Basic Profile, modified dates, patient characteristics"
_DEIDENTIFIED, _METHOD_TEXT, _DATES_CHANGED = 0x00120062, 0x00120063, 0x00280303


@dataclass(frozen=True)
class Replaced:
    """The original values of a de-identified file. Never log them or store them unencrypted.

    Attributes:
        values: Original bytes of top-level elements by tag.
        uids: The original UID of each new one.
        days: Number of days by which dates were shifted.
    """

    values: dict[int, bytes] = field(default_factory=dict[int, bytes])
    uids: dict[str, str] = field(default_factory=dict[str, str])
    days: int = 0


@dataclass
class _Deidentified:
    """The changes that remove an identity."""

    rules: Mapping[int, Rule]
    added: Mapping[int, tuple[str, bytes]]
    map_uid: MapUid
    replaced: Replaced
    pixels: bool = True
    concept: bytes = b""
    """The last code value; in an item of a report, the concept name precedes the person name that it describes."""

    def value(self, tag: int, rule: Rule, value: bytes, *, top: bool) -> bytes:
        """See `Changes.value`."""
        if tag == _CODE_VALUE:
            self.concept = value.strip(b"\0 ")
        if rule.action == "keep" or (rule.action == "observer" and self._names_observer()):
            return value
        if rule.action in UID_ROLES:
            return _each_uid(value, lambda uid: self._map(rule.action, uid))
        if top:
            self.replaced.values[tag] = value
        if rule.action == "date":
            return shift(value, self.replaced.days)
        return _capped_age(value) if rule.action == "age" else b""

    def _names_observer(self) -> bool:
        """Whether the next person name is that of the observer; the code applies to one name only."""
        concept, self.concept = self.concept, b""
        return concept == _PERSON_OBSERVER_NAME

    def _map(self, role: str, uid: str) -> str:
        new = self.map_uid(role, uid)
        self.replaced.uids[new] = uid
        return new


@dataclass
class _Restored:
    """The changes that restore an identity."""

    rules: Mapping[int, Rule]
    added: Mapping[int, tuple[str, bytes]]
    replaced: Replaced
    pixels: bool

    def value(self, tag: int, rule: Rule, value: bytes, *, top: bool) -> bytes:
        """See `Changes.value`."""
        if rule.action in UID_ROLES:
            return _each_uid(value, lambda uid: self.replaced.uids.get(uid, uid))
        if rule.action == "date" and not top:
            return shift(value, -self.replaced.days)
        return self.replaced.values.get(tag, value) if top else value


def deidentify(
    stream: BinaryIO, sink: Sink, scope: Scope, map_uid: MapUid, *, days: int, pseudonym: str = ""
) -> Replaced:
    """Copy a DICOM file without the data that identify its patient.

    Args:
        stream: The file, which must be seekable.
        sink: Receives the copy.
        scope: Kind of the object.
        map_uid: Replaces UIDs; those of the standard do not change.
        days: Number of days by which to shift dates, the same for all files of a patient.
        pseudonym: Name and identifier of the patient in the copy; empty for none.

    Returns:
        The replaced values.

    Raises:
        AnalysisError: `image_unreadable`; see `rewritten`.
    """
    added: dict[int, tuple[str, bytes]] = {
        _DEIDENTIFIED: ("CS", b"YES "),
        _METHOD_TEXT: ("LO", _even(_METHOD[:64])),
        _DATES_CHANGED: ("CS", b"MODIFIED"),
    }
    if pseudonym:
        added |= {
            tag: (vr, _even(pseudonym.encode("ascii"))) for tag, vr in ((_PATIENT_NAME, "PN"), (_PATIENT_ID, "LO"))
        }
    replaced = Replaced(days=days)
    for piece in rewritten(stream, _Deidentified(retained(scope), added, map_uid, replaced)):
        sink.write(piece)
    return replaced


def restored(stream: BinaryIO, scope: Scope, replaced: Replaced, *, pixels: bool = True) -> Iterator[bytes]:
    """The pieces of a de-identified file with its retained identity; without `pixels`, they end before the pixels.

    Raises:
        AnalysisError: `image_unreadable`; see `rewritten`.
    """
    return rewritten(stream, _Restored(retained(scope), {}, replaced, pixels))


def shift(value: bytes, days: int) -> bytes:
    """Shift a date, or the date of a time stamp, by days; empty if the value is not a date. Times become midnight."""
    text = value.decode("ascii", "replace").strip("\0 ")
    if text[4:5] == ".":  # the retired form 2026.01.31
        text = text.replace(".", "", 2)
    try:
        moved = date(int(text[:4]), int(text[4:6]), int(text[6:8])) + timedelta(days)
    except (ValueError, OverflowError):
        return b""
    return _even((moved.isoformat().replace("-", "") + ("000000" if len(text) > 8 else "")).encode("ascii"))


def _capped_age(value: bytes) -> bytes:
    """An age, limited to 90 years, because few people are older and could be recognised."""
    found = _AGE.fullmatch(value.decode("ascii", "replace").strip("\0 "))
    if found is None:
        return b""
    return b"090Y" if found[2] == "Y" and int(found[1]) > _OLDEST else value


def _each_uid(value: bytes, change: Callable[[str], str]) -> bytes:
    uids = value.decode("ascii", "replace").split("\\")
    plain = [uid.strip("\0 ") for uid in uids]
    new = "\\".join(uid if not uid or uid.startswith(_STANDARD) else change(uid) for uid in plain).encode(
        "ascii", "replace"
    )
    return new + b"\0" * (len(new) % 2)


def _even(value: bytes) -> bytes:
    return value + b" " * (len(value) % 2)
