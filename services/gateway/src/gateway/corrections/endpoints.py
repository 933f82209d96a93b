"""`/api/v1/images/{id}`: changing an image, removing it, analysing it again."""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response

from gateway.audit.service import record
from gateway.auth.dependencies import AppSettings, CurrentUser, at_portal, check_fresh_person
from gateway.corrections import exclusion, removal, service
from gateway.corrections.schemas import ImageCorrected, ImageCorrection, ImageExcluded, ImageExclusion
from gateway.database import DbSession
from gateway.errors import ProblemError, responses
from gateway.images.dependencies import VisibleImage
from gateway.images.schemas import ImageRead
from gateway.jobs import repository
from gateway.jobs import service as jobs
from gateway.jobs.queues.lanes import Requester
from gateway.jobs.queues.quotas import Quota
from gateway.jobs.schemas import JobRead

router = APIRouter(prefix="/api/v1/images", tags=["images"])

IfMatch = Annotated[str | None, Header(max_length=200, description="the ETag of its case as you saw it")]


@router.patch("/{image_id}", responses=responses(401, 403, 404, 409, 412, 413, 415, 422, 429))
def correct_image(
    correction: ImageCorrection,
    image: VisibleImage,
    user: CurrentUser,
    session: DbSession,
    request: Request,
    if_match: IfMatch = None,
) -> ImageCorrected:
    """Correct the description of an image.

    If the modality, `um_per_pixel` or the magnification changes, the image is analysed again. A signed report of its
    case is superseded, never altered.
    """
    job = service.correct(
        session,
        request.app.state.store,
        user,
        image,
        correction,
        Quota.of_request(request, user),
        interactive=at_portal(request),
        if_match=if_match,
    )
    detail = correction.model_dump(mode="json", exclude_unset=True)
    record(session, request, user, "image.correct", "image", image.id, detail)
    return ImageCorrected(**ImageRead.model_validate(image).model_dump(), job=JobRead.of(job))


@router.delete("/{image_id}", status_code=204, responses=responses(401, 403, 404, 409, 412))
def remove_image(
    image: VisibleImage, user: CurrentUser, session: DbSession, request: Request, if_match: IfMatch = None
) -> None:
    """Remove an image with its analyses and reviews (its owner).

    An image of a signed report cannot be removed (409 `image_signed`).
    """
    image_id, detail = image.id, {"sha256": image.sha256, "modality": image.modality, "case_id": image.case_id}
    prefixes = removal.remove(session, request.app.state.store, image, user, if_match)
    record(session, request, user, "image.remove", "image", image_id, {**detail, "prefixes": prefixes})


@router.post("/{image_id}/exclusion", responses=responses(401, 403, 404, 409, 412, 422))
def exclude_image(
    wanted: ImageExclusion,
    image: VisibleImage,
    user: CurrentUser,
    session: DbSession,
    settings: AppSettings,
    request: Request,
    if_match: IfMatch = None,
) -> ImageExcluded:
    """Take an image out of a case that it does not belong to, with a reason: into another case, or delete it.

    For everyone who sees the case, if the film is kept apart, names another patient than the other files, or is owned
    by a program or a deactivated account; else for its owner. Only its owner deletes an image without a fresh
    authentication.

    Analyses, verdicts and drawn findings go with the image. Both cases are concluded and read together again, and their
    signed reports are superseded. An image of a signed report can be moved, but not deleted (409 `image_signed`).
    """
    if wanted.into == "deletion" and user.id != image.owner_id:
        check_fresh_person(request)
    detail = {"from": image.case_id, "into": wanted.into, "reason": wanted.reason, "sha256": image.sha256}
    image_id = image.id
    case, prefixes = exclusion.exclude(
        session,
        request.app.state.store,
        user,
        image,
        wanted,
        rule=settings.reading_rule,
        requester=Requester(user.id, at_portal(request)),
        if_match=if_match,
    )
    case_id = case.id if case is not None else None
    said = {**detail, "case_id": case_id} | ({"prefixes": prefixes} if prefixes else {})
    record(session, request, user, "image.exclude", "image", image_id, said)
    if wanted.into == "new_case":
        record(session, request, user, "case.create", "case", case_id)
    return ImageExcluded(case_id=case_id)


@router.get("/{image_id}/jobs", responses=responses(401, 404))
def list_jobs_of_image(image: VisibleImage, session: DbSession) -> list[JobRead]:
    """List all analyses of an image, newest first."""
    return [JobRead.of(job) for job in repository.of_image(session, image.id)]


@router.post("/{image_id}/jobs", status_code=202, responses=responses(401, 403, 404, 409, 412, 422, 429))
def analyse_again(
    image: VisibleImage, user: CurrentUser, session: DbSession, request: Request, response: Response
) -> JobRead:
    """Analyse an image again, for example after a new model was installed.

    Refused while an analysis of the image waits for its result (409 `analysis_under_way`), and if the image has as many
    analyses as are stored (409 `too_many_analyses`).
    """
    removal.lock(session, image, user, None)
    if repository.latest_of_image(session, image.id).step("inference").state in ("queued", "running"):
        raise ProblemError(409, "analysis_under_way")
    job = jobs.open_another(session, image, Quota.of_request(request, user), interactive=at_portal(request))
    record(session, request, user, "job.open", "job", job.id, {"image_id": image.id})
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return JobRead.of(job)
