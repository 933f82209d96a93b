"""Chooses the priors of a study among the studies of a node."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, timedelta

from lobule.imaging.header import DicomIdentity

_YEAR = timedelta(days=365.25)


@dataclass(frozen=True)
class FoundStudy:
    """A study as a node describes it. Attributes that the node leaves out are empty.

    Attributes:
        study_uid: Study Instance UID.
        patient_id: PatientID.
        birth_date: Birth date of the patient, as YYYYMMDD.
        study_date: Day of the study.
        modalities: Modalities of the series.
    """

    study_uid: str
    patient_id: str
    birth_date: str
    study_date: date | None
    modalities: frozenset[str] = frozenset()


@dataclass(frozen=True)
class PriorCriteria:
    """The criteria of a prior.

    Attributes:
        patient_id: PatientID of the current study.
        birth_date: Birth date of the patient; None if the current study does not state it.
        before: Day of the current study.
        since: First day that is not too old.
        issuer: Issuer of the PatientID; None if the current study does not state it.
        name: Name of the patient; None if the current study does not state it.
    """

    patient_id: str
    birth_date: date | None
    before: date
    since: date
    issuer: str | None = None
    name: str | None = None

    @classmethod
    def of(cls, current: DicomIdentity, years: float) -> "PriorCriteria | None":
        """The criteria for a study; None if it has no patient identifier or no date."""
        if not current.patient_id or current.study_date is None:
            return None
        try:
            since = current.study_date - years * _YEAR
        except OverflowError:
            since = date.min
        return cls(
            current.patient_id,
            current.patient_birth_date,
            current.study_date,
            since,
            current.patient_id_issuer,
            current.patient_name,
        )

    def under(self, patient_id: str) -> "PriorCriteria":
        """The criteria under another identifier that the hospital has merged with this one; names may differ then."""
        return self if patient_id == self.patient_id else replace(self, patient_id=patient_id, name=None)

    @property
    def days(self) -> str:
        """The days of a prior as a query writes them."""
        return f"{da(self.since)}-{da(self.before)}"

    def is_prior(self, study: FoundStudy) -> bool:
        """Whether a study is an earlier mammogram of the same patient, as far as the node describes it."""
        return (
            study.patient_id == self.patient_id
            and (not study.birth_date or self.birth_date is None or study.birth_date == da(self.birth_date))
            and study.study_date is not None
            and self.since <= study.study_date < self.before
            and (not study.modalities or "MG" in study.modalities)
        )

    def fits(self, film: DicomIdentity, study: FoundStudy) -> bool:
        """Whether a fetched film is of the study and the patient that it was fetched for.

        Hospitals that share an archive may give the same identifier to different people, so that whatever both say of
        the patient has to be the same.
        """
        same = (film.study_instance_uid, film.patient_id) == (study.study_uid, self.patient_id)
        both_say = (
            (film.patient_id_issuer, self.issuer),
            (film.patient_birth_date, self.birth_date),
            (_plain(film.patient_name), _plain(self.name)),
        )
        same = same and all(here == there for here, there in both_say if here and there)
        return same and film.study_date is not None and film.study_date < self.before


def da(day: date) -> str:
    """A day as DICOM writes it. `strftime` would leave out the zeros of years before 1000, which stand for no date."""
    return day.isoformat().replace("-", "")


def _plain(name: str | None) -> str:
    """A name as it is compared: spelling in capitals and padding are no difference."""
    return " ".join((name or "").replace("^", " ").casefold().split())


def choose(found: Iterable[FoundStudy], criteria: PriorCriteria, known: Set[str], most: int) -> Sequence[FoundStudy]:
    """The priors among the studies of a node, the newest first.

    Args:
        found: The studies that the node names.
        criteria: The criteria of a prior.
        known: UIDs of studies that were received already.
        most: Largest number of priors.
    """
    priors = {each.study_uid: each for each in found if criteria.is_prior(each) and each.study_uid not in known}
    return newest(priors.values(), most)


def newest(studies: Iterable[FoundStudy], most: int) -> Sequence[FoundStudy]:
    """The newest of some studies."""
    return sorted(studies, key=lambda study: (study.study_date or date.min, study.study_uid), reverse=True)[:most]
