"""`POST /api/v1/images`."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from gateway.auth.dependencies import DetachedUser, at_portal
from gateway.errors import ProblemError, responses
from gateway.images.schemas import ImageRead
from gateway.jobs.schemas import JobRead
from gateway.uploads.checks import Duplicate
from gateway.uploads.dependencies import Uploads
from gateway.uploads.schemas import UPLOAD_FORM, Accepted
from gateway.users.models import User

router = APIRouter(prefix="/api/v1/images", tags=["images"])


@router.post(
    "",
    status_code=202,
    response_model=Accepted,
    responses=responses(400, 401, 403, 404, 409, 413, 415, 422, 429, 503, 507),
    openapi_extra={"requestBody": UPLOAD_FORM},
)
async def upload_image(request: Request, response: Response, user: DetachedUser, uploads: Uploads) -> Accepted:
    """Upload an image for analysis. The server answers when the image is stored; then follow the job's progress.

    If the case already has an image with the same bytes, or if you send no case and any of your cases has them, the
    answer is a 409 that names the existing image. In another case, the same bytes are a separate image with its own
    analysis.

    If a DICOM file names another patient than the files of the case (by PatientID, name or birth date), the answer is
    409 `other_patient`, and `differs` names the attributes.
    """

    async def sender(_fields: dict[str, str]) -> User:
        return user

    try:
        image, job = await uploads.submit(request, sender, action="image.upload", interactive=at_portal(request))
    except Duplicate as known:
        raise ProblemError(
            409,
            "duplicate_image",
            existing_image_id=known.image_id,
            existing_job_id=known.job_id,
        ) from None
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    also_in = await run_in_threadpool(uploads.also_in, user, image) if image.case_id is not None else []
    return Accepted(image=ImageRead.model_validate(image), job=JobRead.of(job), also_in=also_in)
