"""Notes merges of patients' identifiers, and updates the cases that they concern."""

from collections.abc import Sequence

from fastapi import Request
from sqlalchemy.orm import Session

from gateway.audit.service import record
from gateway.cases import repository as cases
from gateway.cases import service as case_service
from gateway.clock import now
from gateway.corrections import service as corrections
from gateway.database import new_id
from gateway.errors import ProblemError
from gateway.images import merging
from gateway.images import repository as images
from gateway.images.identity import differences_from
from gateway.images.merging import KnownPatients
from gateway.images.models import Image, PatientMerge
from gateway.jobs import repository as jobs
from gateway.jobs.queues.lanes import Requester
from gateway.merges.schemas import PatientMergeCreate, PatientMergeRead
from gateway.users.models import User
from lobule.imaging.header import DicomIdentity


def take_merge(session: Session, request: Request, user: User, body: PatientMergeCreate) -> PatientMergeRead:
    """Note a merge, or that it is undone, and update the cases of the account with films of the patient.

    A message that comes again changes nothing.

    Raises:
        ProblemError: `invalid_request`, 422, if too many messages named the patient, as with a placeholder.
    """
    state = request.app.state
    former, present = (
        state.fingerprints.of(DicomIdentity(patient_id=each, patient_id_issuer=body.authority))
        for each in (body.former, body.present)
    )
    marks = former.patient_id_mark, present.patient_id_mark
    nothing = PatientMergeRead(is_new=False, cases=0, added_films=0, at=now())
    if marks[0] is None or marks[1] is None or marks[0] == marks[1]:
        return nothing
    merge = PatientMerge(
        id=new_id(),
        owner_id=user.id,
        message_id=body.message_id,
        issuer_mark=present.issuer_mark,
        former_mark=marks[0],
        present_mark=marks[1],
        undone=body.undone,
        told_at=min(body.told_at, now()),  # else a clock that is ahead would outlast every later message
    )
    if images.merge_of_message(session, merge) is not None:
        return nothing
    if not merging.may_be_told(session, merge):
        raise ProblemError(422, "invalid_request", "too_many_merges", values={"most": merging.MOST_TOLD})
    merge.sealed = state.names.seal(body.present, merge.id)
    before = KnownPatients(session, marks)
    session.add(merge)
    session.flush()
    linked = before.marks | KnownPatients(session, marks).marks | set(marks)
    found = images.of_owner(session, user.id, linked)
    concerned, added = sorted({image.case_id for image in found if image.case_id}), _update(session, user, found)
    detail = {
        "message_id": body.message_id,
        "former_mark": marks[0],
        "present_mark": marks[1],
        "cases": concerned,
        "added_films": added,
    }
    record(session, request, user, "patient.unmerge" if body.undone else "patient.merge", "merge", merge.id, detail)
    return PatientMergeRead(is_new=True, cases=len(concerned), added_films=len(added), at=now())


def _update(session: Session, user: User, found: Sequence[Image]) -> list[str]:
    """Update the cases of images of the patient; returns the ids of films that belong to their case now.

    A case whose signed report is in force keeps it: films that are kept apart from it stay there until somebody says
    where they belong.
    """
    apart = [image for image in found if image.apart]
    for image in apart:  # steps before cases, as a worker that completes one
        jobs.lock_steps_of_image(session, image.id)
    added: list[str] = []
    for case_id in sorted({image.case_id for image in found if image.case_id}):
        case = cases.locked(session, case_id)
        if case.state == "signed" or case.reads:
            continue
        waiting = [image for image in apart if images.refresh(session, image) and image.apart]
        added += [image.id for image in waiting if image.case_id == case_id and _add(session, user, image)]
        case_service.refresh(session, case_id)
    return added


def _add(session: Session, user: User, image: Image) -> bool:
    """Make a film that is kept apart an image of its case, if it names the patient of the case now."""
    if image.case_id is None or differences_from(session, image, images.of_case(session, image.case_id)):
        return False
    try:
        with session.begin_nested():
            corrections.move(session, image, image.case_id, Requester(user.id, interactive=False), accepted=False)
    except ProblemError:  # the same film is an image of the case already
        return False
    return True
