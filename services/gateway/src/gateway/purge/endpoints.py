"""`/api/v1/patients/purge`: deletes everything of a patient (administrators)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Session

from gateway.audit.service import record
from gateway.auth.dependencies import DetachedUser, fresh_person, person
from gateway.errors import responses
from gateway.purge.schemas import Certificate, PurgeCreate
from gateway.purge.service import Purge
from gateway.users.models import User


def detached_admin(request: Request, user: DetachedUser) -> User:
    """An administrator who proved who they are, and whose own transaction has ended: a purge opens several.

    Raises:
        ProblemError: See `gateway.auth.dependencies.fresh_person`.
    """
    return fresh_person(request, person(request, user))


DetachedAdmin = Annotated[User, Depends(detached_admin, scope="function")]

router = APIRouter(prefix="/api/v1/patients", tags=["administration"])


@router.post("/purge", responses=responses(401, 403, 422))
def purge_patient(body: PurgeCreate, admin: DetachedAdmin, request: Request) -> Certificate:
    """Delete all data of a patient, of all owners and including signed reports, and certify it. This cannot be undone.

    The patient is found by the PatientID in DICOM files. A case with an image of the patient is deleted as a whole. The
    audit log is kept and gets an event with the hash of the certificate. The certificate lists the backups, which are
    not changed.
    """
    state = request.app.state

    def note(session: Session, action: str, kind: str, target_id: str, detail: dict[str, object]) -> None:
        record(session, request, admin, action, kind, target_id, detail)

    purge = Purge(state.sessions, state.store, state.fingerprints)
    return purge.run(body.patient_id, by=admin.username, reason=body.reason, note=note, dry_run=body.dry_run)
