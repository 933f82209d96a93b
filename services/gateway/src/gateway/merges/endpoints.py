"""`/api/v1/patients/merges`: programs tell which identifiers of patients a hospital has merged."""

from fastapi import APIRouter, Request

from gateway.auth.dependencies import CurrentUser
from gateway.database import DbSession
from gateway.errors import responses
from gateway.merges.schemas import PatientMergeCreate, PatientMergeRead
from gateway.merges.service import take_merge

router = APIRouter(prefix="/api/v1/patients", tags=["nodes"])


@router.post("/merges", responses=responses(401, 403, 422))
def merge_patients(
    body: PatientMergeCreate, user: CurrentUser, session: DbSession, request: Request
) -> PatientMergeRead:
    """Tell that a hospital has merged two identifiers of a patient, or has undone that. For service accounts.

    It counts for films of your account, those that arrive later too. Files and signed reports stay as they are. The
    audit log records the message.
    """
    return take_merge(session, request, user, body)
