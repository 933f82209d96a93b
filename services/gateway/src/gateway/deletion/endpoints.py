"""`/api/v1/cases/{id}` and `/api/v1/images/{id}`: deleting a case, and what a deletion takes with it."""

from typing import Annotated

from fastapi import APIRouter, Header, Request

from gateway.audit.service import record
from gateway.auth.dependencies import AppSettings, CurrentUser
from gateway.cases.dependencies import VisibleCase
from gateway.database import DbSession
from gateway.deletion import service
from gateway.deletion.schemas import Losses
from gateway.errors import responses
from gateway.images.dependencies import VisibleImage

router = APIRouter(prefix="/api/v1")


@router.get("/cases/{case_id}/deletion", tags=["cases"], responses=responses(401, 404))
def read_case_deletion(case: VisibleCase, user: CurrentUser, session: DbSession, settings: AppSettings) -> Losses:
    """What deleting a case takes with it, and whether you may delete it now. Nothing is deleted."""
    return service.losses_of_case(session, case, user, signed=settings.delete_signed_cases)


@router.delete("/cases/{case_id}", tags=["cases"], responses=responses(401, 403, 404, 409, 412))
def delete_case(
    case: VisibleCase,
    user: CurrentUser,
    session: DbSession,
    settings: AppSettings,
    request: Request,
    if_match: Annotated[str | None, Header(max_length=200, description="the case's ETag as you saw it")] = None,
) -> Losses:
    """Delete a case with its images, analyses, reviews and reports (its owner), and say what was deleted.

    Nothing brings it back. An administrator who opened a case in an emergency may do so too. A case with a signed
    report, or that one of two readers has signed, stays (409 `case_has_report`), unless the server is set up otherwise.
    """
    case_id, store = case.id, request.app.state.store
    lost = service.delete_case(session, store, case, user, if_match, signed=settings.delete_signed_cases)
    record(session, request, user, "case.delete", "case", case_id, lost.model_dump(exclude={"refused"}))
    return lost


@router.get("/images/{image_id}/deletion", tags=["images"], responses=responses(401, 404))
def read_image_deletion(image: VisibleImage, user: CurrentUser, session: DbSession) -> Losses:
    """What removing an image takes with it, and whether you may remove it now. Nothing is removed."""
    return service.losses_of_image(session, image, user)
