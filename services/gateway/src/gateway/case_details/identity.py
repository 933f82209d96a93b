"""`/api/v1/cases/{id}/identity`: the names in the files of a case, if the policy for names keeps them."""

from datetime import date

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from gateway.audit.service import record_apart
from gateway.auth.dependencies import CurrentUser
from gateway.cases.dependencies import VisibleCase
from gateway.database import DbSession
from gateway.errors import responses
from gateway.images import repository as images
from gateway.images.merging import KnownPatients
from gateway.names import repository
from gateway.names.policy import NamePolicy, RestoringStore
from gateway.users.models import User
from lobule.errors import AnalysisError
from lobule.imaging.dicom.file import open_dicom
from lobule.imaging.dicom.identity import identity_of

router = APIRouter(prefix="/api/v1/cases", tags=["cases"])


class IdentityRead(BaseModel):
    """The patient and the study that a DICOM file named when it was received."""

    image_id: str = Field(description="identifier of the image")
    apart: bool = Field(
        description="whether the film names another patient and is kept apart from the images of the case, as in its "
        "`refused_films`"
    )
    patient_name: str | None = Field(description="(0010,0010), family^given")
    patient_id: str | None = Field(description="(0010,0020)")
    present_patient_id: str | None = Field(
        description="identifier that has replaced `patient_id` since, by a merge in the hospital; null if there is none"
    )
    patient_birth_date: date | None = Field(description="(0010,0030)")
    accession_number: str | None = Field(description="(0008,0050)")
    study_date: date | None = Field(description="(0008,0020)")
    study_instance_uid: str | None = Field(description="(0020,000D)")
    sop_instance_uid: str | None = Field(description="(0008,0018)")


@router.get("/{case_id}/identity", responses=responses(401, 403, 404))
def read_identity(case: VisibleCase, user: CurrentUser, session: DbSession, request: Request) -> list[IdentityRead]:
    """Return the names in the DICOM files of a case, and of those that are kept apart from its images.

    Empty unless `LOBULE_NAMES` is `keep`. The audit log records the request.
    """
    return identities_of(request, session, user, case.id)


def identities_of(request: Request, session: Session, user: User, case_id: str) -> list[IdentityRead]:
    """The names in the DICOM files of a case that this user may see; that they looked at them is in the audit log."""
    state = request.app.state
    kept = [(each.image_id or "", each.object_key, apart) for each, apart in repository.of_case(session, case_id)]
    present = _present(session, state.names, case_id)
    session.commit()  # gives the connection back before the files are read
    record_apart(request, user, "case.identity", "case", case_id)
    store = RestoringStore(state.store, state.sessions, state.names)
    read = (_read(store, image_id, key, present.get(image_id), apart=apart) for image_id, key, apart in kept)
    return [found for found in read if found is not None]


def _present(session: Session, names: NamePolicy, case_id: str) -> dict[str, str | None]:
    """The identifiers that have replaced those in the files of a case, by the ids of the images."""
    held = images.with_apart(session, case_id)
    known = KnownPatients.of(session, held)
    merges = {image.id: known.merge_of(image.owner_id, image.identity) for image in held}
    return {each: names.unseal(merge.sealed, merge.id) for each, merge in merges.items() if merge and merge.sealed}


def _read(store: RestoringStore, image_id: str, key: str, present: str | None, *, apart: bool) -> IdentityRead | None:
    with store.open_header(key) as stream:
        try:
            said = identity_of(open_dicom(stream).tags)
        except AnalysisError:  # removed or damaged meanwhile
            return None
    return IdentityRead(
        image_id=image_id,
        apart=apart,
        patient_name=said.patient_name,
        patient_id=said.patient_id,
        present_patient_id=present,
        patient_birth_date=said.patient_birth_date,
        accession_number=said.accession_number,
        study_date=said.study_date,
        study_instance_uid=said.study_instance_uid,
        sop_instance_uid=said.sop_instance_uid,
    )
