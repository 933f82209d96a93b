"""`/api/v1/cases/{id}/reviews`."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Request
from fastapi.responses import Response

from gateway.audit.service import record
from gateway.auth.dependencies import CurrentUser
from gateway.cases import sheets
from gateway.cases.dependencies import VisibleCase
from gateway.database import DbSession, release
from gateway.errors import not_found, responses
from gateway.jobs import repository as jobs
from gateway.reviews import service
from gateway.reviews.schemas import ReviewChange, ReviewWrite
from lobule.contracts.case import Review
from lobule.contracts.findings import FINDING_ID, WHOLE_IMAGE

router = APIRouter(prefix="/api/v1/cases/{case_id}/reviews", tags=["cases"])


@router.get("", responses=responses(401, 404))
def list_reviews(case: VisibleCase, user: CurrentUser, session: DbSession) -> list[Review]:
    """List the reviews of the findings and images of a case; in blind double reading only your own."""
    return service.reviews_of(session, case, sheets.sheets_of(session, case, user))


@router.get("/last", responses=responses(401, 404))
def read_last_change(case: VisibleCase, user: CurrentUser, session: DbSession) -> ReviewChange | None:
    """Return the last change of the reviews, if you made it. To undo it, `PUT` its `before` with `undo`."""
    return service.last_change(session, case, user)


@router.put(
    "/{job_id}/{finding}",
    response_model=Review | None,
    responses=responses(401, 403, 404, 409, 412, 422),
)
def put_review(
    body: ReviewWrite,
    case: VisibleCase,
    job_id: str,
    finding: Annotated[
        str,
        Path(
            pattern=rf"^({WHOLE_IMAGE}|{FINDING_ID}|\d{{1,4}})$",
            description="id of the finding, or `image`; a number is its index in the result, from 0",
        ),
    ],
    user: CurrentUser,
    session: DbSession,
    request: Request,
    response: Response,
    if_match: Annotated[str | None, Header(max_length=200, description="the case's ETag as you saw it")] = None,
) -> Review | None:
    """Confirm or dismiss one finding or the image's assessment, with a comment. Null withdraws the review."""
    job = jobs.visible(session, user, job_id)
    if job is None or job.image.case_id != case.id or job.image.apart:
        raise not_found("analysis")
    release(session)
    target = service.find_target(request.app.state.store, job, finding)
    change = service.put(session, case, job, target, body, user, if_match)
    detail = {
        "finding": target.id,
        "verdict": body.verdict,
        "was": change.previous,
        "commented": bool(body.comment),
        "job_id": job.id,
    }
    if change.undone:
        detail["undo"] = True
    record(session, request, user, "finding.review", "case", case.id, detail)
    response.headers["ETag"] = sheets.etag(session, case, user)
    return service.as_contract(change.review) if change.review else None
