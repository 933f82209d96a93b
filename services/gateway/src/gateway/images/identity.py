"""Patient and study of a film as keyed fingerprints, which can be compared but not read.

A fingerprint is HMAC-SHA256 (RFC 2104) of one attribute of the file's header under a key that follows from the server's
secret. The attribute itself is not stored. A fingerprint begins with the name of its key, so that a server whose secret
was changed takes older fingerprints for unknown, not for another patient's.
"""

import hashlib
import hmac
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Literal

from sqlalchemy.orm import Session

from gateway.errors import ProblemError
from gateway.images.merging import KnownPatients
from gateway.images.models import FileIdentity, Image
from gateway.images.schemas import plausible_day
from lobule.imaging.header import DicomIdentity

PatientAttribute = Literal["patient_id", "patient_name", "birth_date"]

_UID = re.compile(r"[0-9.]{1,64}")
_NEW_UID = re.compile(r"2\.25\.([0-9]{1,39})")
_MOST_DAYS = 5 * 365
_CODE = re.compile(r"[A-Z0-9]{1,16}")
_NOBODY = frozenset(
    [
        "anon",
        "anonym",
        "anonymous",
        "anonymised",
        "anonymized",
        "deidentified",
        "na",
        "none",
        "null",
        "patient",
        "patientid",
        "phantom",
        "removed",
        "test",
        "unknown",
    ]
) | {""}
_KEY_NAME_LENGTH = 8
_LENGTH = 32  # hexadecimal digits: 128 bits


class Fingerprints:
    """Makes fingerprints under one key.

    Args:
        secret_key: The server's secret, from which the key follows.
    """

    def __init__(self, secret_key: str) -> None:
        self._key = hmac.new(secret_key.encode(), b"patient fingerprints", hashlib.sha256).digest()
        self._key_name = self._digest("key", "name")[:_KEY_NAME_LENGTH]

    def of(self, identity: DicomIdentity | None) -> FileIdentity:
        """The identity to store of a DICOM header; empty for other files."""
        if identity is None:
            return FileIdentity()
        return FileIdentity(
            patient_id_mark=self._mark("patient_id", _identifier(identity.patient_id)),
            patient_name_mark=self._mark("patient_name", _name(identity.patient_name)),
            birth_date_mark=self._mark("birth_date", _day(identity.patient_birth_date)),
            study_mark=self._mark("study", _plain(identity.study_instance_uid)),
            series_mark=self._mark("series", _plain(identity.series_instance_uid)),
            instance_mark=self._mark("instance", _plain(identity.sop_instance_uid)),
            sop_class=_uid(identity.sop_class_uid),
            study_date=identity.study_date if identity.study_date and plausible_day(identity.study_date) else None,
            accession_mark=self._mark("accession", _plain(identity.accession_number)),
            dicom_modality=_code(identity.modality),
            issuer_mark=self._mark("issuer", _plain(identity.patient_id_issuer)),
        )

    def person_of(self, identity: DicomIdentity) -> str:
        """The key of a patient: the normalised identifier, else the UID of the study.

        Never to be stored or logged; empty if the file says neither.
        """
        return _identifier(identity.patient_id) or _plain(identity.study_instance_uid)

    def new_uid(self, role: str, uid: str) -> str:
        """The UID that replaces one in stored files (DICOM PS3.5, B.2); the same one for the same role and UID.

        That of a study, series or instance has the digits of its fingerprint, so that it is found by either.

        Args:
            role: `study`, `series` or `instance`, or `uid` for any other.
            uid: The original.
        """
        return f"2.25.{int(self._digest(role, _plain(uid))[:_LENGTH], 16)}"

    def mark_of_new(self, uid: str) -> str | None:
        """The fingerprint that a UID of `new_uid` stands for; None if it is none of these."""
        found = _NEW_UID.fullmatch(uid)
        return f"{self._key_name}:{int(found[1]):0{_LENGTH}x}" if found and int(found[1]) < 16**_LENGTH else None

    def days(self, identity: DicomIdentity) -> int:
        """By how many days the dates of a patient's files are shifted: one day to five years earlier."""
        marks = self.of(identity)
        named = marks.patient_id_mark or marks.patient_name_mark or marks.study_mark or ""
        return -1 - int(self._digest("days", named)[:8], 16) % _MOST_DAYS

    def _mark(self, attribute: str, value: str) -> str | None:
        return f"{self._key_name}:{self._digest(attribute, value)[:_LENGTH]}" if value else None

    def _digest(self, attribute: str, value: str) -> str:
        return hmac.new(self._key, f"{attribute}\0{value}".encode(), hashlib.sha256).hexdigest()


_PATIENT: dict[PatientAttribute, str] = {
    "patient_id": "patient_id_mark",
    "patient_name": "patient_name_mark",
    "birth_date": "birth_date_mark",
}
_PERSON = ("patient_name_mark", "birth_date_mark")
"""What does not change when a patient is given another identifier."""


class UsualPatient:
    """The patient that the files of a case name: worked out once, for however many files are compared with them.

    Files of another person than most of them do not count: one that was accepted does not let this person's other files
    in. Name and date of birth tell whose a file is, and the identifier if it has neither. All count if none is of the
    usual person.

    Args:
        files: Identities of the case's files.
    """

    def __init__(self, files: Sequence[FileIdentity]) -> None:
        usual = {mark: _usual([getattr(file, mark) for file in files]) for mark in _PATIENT.values()}
        own = [file for file in files if _is_of_usual_person(file, usual)] or files
        self._marks = {
            attribute: _by_key([getattr(file, mark) for file in own]) for attribute, mark in _PATIENT.items()
        }

    def differences(self, file: FileIdentity) -> list[PatientAttribute]:
        """The attributes in which a file names another patient; missing ones count as equal."""
        return [name for name, mark in _PATIENT.items() if _differs(getattr(file, mark), self._marks[name])]


class SamePatient:
    """Tells the files of a patient, by the identifiers in them or by those that the hospital has merged them into.

    Args:
        own: Images of one case; those whose files have no identifier do not count.
        known: The patients of these and of those that are compared with them.
    """

    def __init__(self, own: Sequence[Image], known: KnownPatients) -> None:
        named = [image for image in own if image.identity and image.identity.patient_id_mark]
        self._known, self._as_named = known, UsualPatient([image.identity for image in named])
        self._as_known = UsualPatient([known.identity(image) for image in named])

    def has(self, image: Image) -> bool:
        """Whether the file of an image names this patient."""
        if not self._as_named.differences(image.identity):
            return True
        return not self._as_known.differences(self._known.identity(image))


def differences(new: FileIdentity, others: Sequence[FileIdentity]) -> list[PatientAttribute]:
    """The attributes in which a file names another patient than the other files do; see `UsualPatient`."""
    return UsualPatient(others).differences(new)


def of_other_patients(session: Session, images: Sequence[Image]) -> set[str]:
    """The ids of the images of a case that name another patient than most of its files do."""
    known = KnownPatients.of(session, images)
    usual = UsualPatient([known.identity(image) for image in images])
    return {image.id for image in images if usual.differences(known.identity(image))}


def differences_from(session: Session, image: Image, others: Sequence[Image]) -> list[PatientAttribute]:
    """The attributes in which an image names another patient than other images, after the merges of identifiers."""
    known = KnownPatients.of(session, [image, *others])
    return differences(known.identity(image), [known.identity(other) for other in others])


def refuse_other_patient(
    session: Session, image: Image, others: Sequence[Image], *, accepted: bool
) -> dict[str, list[PatientAttribute]]:
    """Refuse to put an image of another patient into a case.

    Gives what differs, for the audit log, if it is accepted.

    Args:
        session: The transaction.
        image: The image.
        others: Images of the case.
        accepted: Whether the user confirmed that the image belongs there.

    Raises:
        ProblemError: `other_patient`, 409.
    """
    differing = differences_from(session, image, [other for other in others if other.id != image.id])
    if differing and not accepted:
        raise ProblemError(
            409,
            "other_patient",
            "may_accept",
            differs=differing,
        )
    return {"other_patient_accepted": differing} if differing else {}


def _differs(mark: str | None, others: dict[str, set[str]]) -> bool:
    """Whether a mark is none of the others that were made under the same key; False if there are none of that key."""
    same_key = others.get(mark.partition(":")[0]) if mark is not None else None
    return same_key is not None and mark not in same_key


def _by_key(marks: Sequence[str | None]) -> dict[str, set[str]]:
    """Marks by the names of their keys."""
    found: dict[str, set[str]] = {}
    for mark in marks:
        if mark:
            found.setdefault(mark.partition(":")[0], set()).add(mark)
    return found


def _usual(marks: list[str | None]) -> dict[str, str]:
    """The most frequent mark by each key, of equally many the first."""
    counted = Counter(mark for mark in marks if mark).most_common()
    return {mark.partition(":")[0]: mark for mark, _ in reversed(counted)}


def _is_of_usual_person(file: FileIdentity, usual: dict[str, dict[str, str]]) -> bool:
    telling = _PERSON if any(getattr(file, mark) for mark in _PERSON) else _PATIENT.values()
    return all(_is_usual(getattr(file, mark), usual[mark]) for mark in telling)


def _is_usual(mark: str | None, usual: dict[str, str]) -> bool:
    return mark is None or usual[mark.partition(":")[0]] == mark


def _uid(text: str | None) -> str | None:
    """A UID of the standard; any other value is dropped."""
    return text if text and _UID.fullmatch(text) else None


def _code(text: str | None) -> str | None:
    """A defined term of the standard, such as `MG`; any other value is dropped."""
    return text if text and _CODE.fullmatch(text) else None


def _identifier(text: str | None) -> str:
    """A patient's identifier; empty if it is a placeholder, as in anonymised files."""
    plain = _plain(text)
    letters = re.sub(r"[\W_]", "", plain)
    return "" if letters in _NOBODY or len(set(letters)) <= 1 < len(letters) else plain


def _plain(text: str | None) -> str:
    """A text without differences in case, width and composition of letters, or white space."""
    return " ".join(unicodedata.normalize("NFKC", text or "").casefold().split())


def _name(text: str | None) -> str:
    """The alphabetic group of a person's name; without padding and empty components at its end."""
    components = [_plain(part) for part in (text or "").split("=")[0].split("^")]
    return "^".join(components).rstrip("^")


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
