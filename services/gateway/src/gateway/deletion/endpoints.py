"""`/api/v1/cases/{id}` and `/api/v1/images/{id}`: deleting a case, and what a deletion takes with it."""

from typing import Annotated

from fastapi import APIRouter, Header, Request

from gateway.audit.service import record
from gateway.auth.dependencies import AppSettings, CurrentUser, check_fresh_person
from gateway.cases.dependencies import VisibleCase
from gateway.database import DbSession
from gateway.deletion import service
from gateway.deletion.schemas import Losses
from gateway.errors import responses
from gateway.images.dependencies import VisibleImage

router = APIRouter(prefix="/api/v1")


@router.get("/cases/{case_id}/deletion", tags=["cases"], responses=responses(401, 404))
def read_case_deletion(case: VisibleCase, user: CurrentUser, session: DbSession, settings: AppSettings) -> Losses:
    """Return what would be deleted with a case, and whether you may delete it now. Nothing is deleted."""
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
    """Delete a case with its images, analyses, reviews and reports (its owner), and return what was deleted.

    A deleted case cannot be restored. An administrator who opened the case in an emergency may delete it, too. A case
    with a signed report or a signed read cannot be deleted (409 `case_has_report`), unless the server allows it.
    """
    if user.id != case.owner_id:
        check_fresh_person(request)
    case_id, store = case.id, request.app.state.store
    lost, prefixes = service.delete_case(session, store, case, user, if_match, signed=settings.delete_signed_cases)
    detail = {**lost.model_dump(exclude={"refused"}), "prefixes": prefixes}
    record(session, request, user, "case.delete", "case", case_id, detail)
    return lost


@router.get("/images/{image_id}/deletion", tags=["images"], responses=responses(401, 404))
def read_image_deletion(image: VisibleImage, user: CurrentUser, session: DbSession) -> Losses:
    """Return what would be deleted with an image, and whether you may remove it now. Nothing is deleted."""
    return service.losses_of_image(session, image, user)
