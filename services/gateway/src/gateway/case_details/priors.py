"""Earlier examinations of a case's patient that lie in other cases.

They are found by the mark of the patient's identifier in the files, which an identifier such as `ANON` has not (see
`gateway.images.identity`), or of one that it was merged with, and left out where name or date of birth differ. Only
what the user may see is found.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from gateway.case_details.schemas import CaseImageRead, PriorExamination
from gateway.cases import repository as cases
from gateway.cases.evidence import state_of
from gateway.cases.examinations import Examination, current_date, examinations
from gateway.cases.models import Case
from gateway.images import repository
from gateway.images.identity import SamePatient
from gateway.images.merging import KnownPatients
from gateway.images.models import Image
from gateway.users.models import User
from lobule.contracts.examination_request import WORK_UP

_MOST = 4
"""Examinations that are looked up: a reader compares with the last ones."""


@dataclass(frozen=True)
class Beside:
    """Another case of the patient that belongs to the same work-up.

    Attributes:
        case: The case.
        date: Day of its newest examination.
    """

    case: Case
    date: date


def beside(session: Session, user: User, case: Case) -> list[Beside]:
    """Other cases of the patient with films of the same day, and unsigned ones of the months before, newest first.

    Neither case's conclusion knows of the other's films, so the reader has to. Only what the user may see is found.
    """
    own = repository.of_case(session, case.id)
    today, same = current_date(own), _of_patient(session, user, case, own)
    if today is None:
        return []
    found: list[Beside] = []
    for case_id in sorted({image.case_id for image in same if image.case_id}):
        other, day = cases.by_id(session, case_id), current_date(repository.of_case(session, case_id))
        if day is None or not timedelta(0) <= today - day <= WORK_UP:
            continue
        if day == today or other.state != "signed":
            found.append(Beside(other, day))
    return sorted(found, key=lambda each: (each.date, each.case.created_at), reverse=True)


def _of_patient(session: Session, user: User, case: Case, own: Sequence[Image]) -> list[Image]:
    """The images of the patient of a case in other cases."""
    marks = {image.identity.patient_id_mark for image in own if image.identity and image.identity.patient_id_mark}
    if not marks:
        return []
    known = KnownPatients(session, marks)
    patient = SamePatient(own, known)
    return [each for each in repository.of_patients(session, user, marks | known.marks, case.id) if patient.has(each)]


def priors_of(session: Session, user: User, case: Case) -> list[PriorExamination]:
    """The earlier examinations of the patient in other cases, newest first, with their assessed films."""
    own = repository.of_case(session, case.id)
    today, found = current_date(own), _of_patient(session, user, case, own)
    if today is None:
        return []
    same = {image.id for image in found}
    priors: list[PriorExamination] = []
    for case_id in sorted({image.case_id for image in found if image.case_id}):
        jobs = cases.latest_jobs(session, case_id)
        places = examinations([job.image for job in jobs])
        shown = [job for job in jobs if job.image_id in same and job.image.spec.in_examinations]
        for day in {places[job.image_id].date for job in shown}:
            if day is None or day >= today:
                continue
            images = [
                CaseImageRead.of(job, "assessed", Examination(day, is_prior=True), user)
                for job in shown
                if places[job.image_id].date == day and state_of(job) == "assessed"
            ]
            other = cases.by_id(session, case_id)
            if images:
                priors.append(PriorExamination(case_id=case_id, pseudonym=other.pseudonym, date=day, images=images))
    return sorted(priors, key=lambda prior: prior.date, reverse=True)[:_MOST]
