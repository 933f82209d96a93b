"""Resolves the identifiers of patients that a hospital has merged.

A merge is a link between two identifiers. Rows of images keep the fingerprints of their files, so that a merge can be
undone. A link counts for the files of the account that told it, unless they name another assigning authority.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from gateway.images import repository
from gateway.images.models import FileIdentity, Image, PatientMerge

MOST_TOLD = 200
"""Messages of one account about the identifiers of one patient: whoever reads a case of the patient looks at them."""
_Key = tuple[str, str]
"""Owner and mark of an identifier."""


@dataclass
class _Patient:
    """The identifiers that are linked, and the newest merge of them."""

    keys: set[_Key]
    newest: PatientMerge


def patients_of(merges: Iterable[PatientMerge]) -> dict[_Key, _Patient]:
    """The patient of each identifier that was merged.

    Args:
        merges: Those in force, in the order in which they happened.
    """
    found = dict[_Key, _Patient]()
    for merge in merges:
        pair = [(merge.owner_id, mark) for mark in (merge.former_mark, merge.present_mark)]
        patients = [found.setdefault(key, _Patient({key}, merge)) for key in pair]
        less, more = sorted(patients, key=lambda patient: len(patient.keys))
        more.newest = merge
        if less is not more:  # each identifier moves to a patient with twice as many at least
            more.keys |= less.keys
            found |= dict.fromkeys(less.keys, more)
    return found


class KnownPatients:
    """The patients of some files as the hospital knows them now.

    Args:
        session: The transaction.
        marks: Marks of the identifiers in the files.
    """

    def __init__(self, session: Session, marks: Iterable[str | None]) -> None:
        self._patients = patients_of(_standing(repository.merges_of(session, {mark for mark in marks if mark})))

    @classmethod
    def of(cls, session: Session, images: Sequence[Image]) -> "KnownPatients":
        """The patients of images."""
        return cls(session, [image.identity.patient_id_mark for image in images if image.identity])

    @property
    def marks(self) -> set[str]:
        """The marks of all identifiers that are linked, of whichever account."""
        return {mark for _, mark in self._patients}

    def linked(self, mark: str) -> set[_Key]:
        """The identifiers that are linked with one, each with the account for whose files that counts."""
        return {key for (_, other), patient in self._patients.items() if other == mark for key in patient.keys}

    def counts_for(self, owner_id: str, file: FileIdentity) -> bool:
        """Whether a merge of the identifier of a file counts for it: it names the same assigning authority, or none."""
        patient = self._patients.get((owner_id, file.patient_id_mark or ""))
        return patient is not None and file.issuer_mark in (None, patient.newest.issuer_mark)

    def merge_of(self, owner_id: str, file: FileIdentity) -> PatientMerge | None:
        """The merge that tells by which identifier the patient of a file is known now; None if by its own."""
        patient = self._patients.get((owner_id, file.patient_id_mark or ""))
        if patient is None or patient.newest.present_mark == file.patient_id_mark:
            return None
        return patient.newest if self.counts_for(owner_id, file) else None

    def identity(self, image: Image) -> FileIdentity:
        """What the file of an image says of its patient, with the surviving identifier; see `resolved`."""
        return self.resolved(image.owner_id, image.identity)

    def resolved(self, owner_id: str, file: FileIdentity) -> FileIdentity:
        """What a file says of its patient, with the surviving identifier.

        A file of a former identifier has no name then: the records of a patient that are merged often differ in it. The
        birth date stays, and tells where the wrong patients were merged.
        """
        merge = self.merge_of(owner_id, file)
        return file if merge is None else replace(file, patient_id_mark=merge.present_mark, patient_name_mark=None)


def merged_at(session: Session, images: Sequence[Image]) -> datetime | None:
    """Since when the patient of a case is known by another identifier than its files say; None if by the same."""
    known = KnownPatients.of(session, images)
    merges = [merge for image in images if image.identity and (merge := known.merge_of(image.owner_id, image.identity))]
    return max((merge.told_at for merge in merges), default=None)


def may_be_told(session: Session, merge: PatientMerge) -> bool:
    """Whether one more message about these identifiers is stored; what is merged can be undone in any case."""
    pair = {merge.former_mark, merge.present_mark}
    told = [each for each in repository.merges_of(session, pair) if each.owner_id == merge.owner_id]
    if len(told) < MOST_TOLD:
        return True
    return merge.undone and any({each.former_mark, each.present_mark} == pair for each in _standing(told))


def _standing(told: Iterable[PatientMerge]) -> Sequence[PatientMerge]:
    """The merges that were not undone, in the order in which they happened.

    Of two identifiers, what happened last counts, whichever message came first.
    """
    in_order = sorted(told, key=lambda each: (each.told_at, each.received_at))
    last = {(each.owner_id, frozenset((each.former_mark, each.present_mark))): each for each in in_order}
    in_force = {each.id for each in last.values() if not each.undone}
    return [each for each in in_order if each.id in in_force]
