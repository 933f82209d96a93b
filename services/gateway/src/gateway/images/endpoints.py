"""`/api/v1/images`."""

from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import Response, StreamingResponse
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from gateway.audit.service import record
from gateway.auth.dependencies import AppSettings, CurrentUser, WaitingUser, at_portal
from gateway.database import DbSession, reading
from gateway.errors import ProblemError, not_found, responses
from gateway.images import acceptance, corrections, removal, repository, service
from gateway.images.models import Image
from gateway.images.schemas import Accepted, ImageCorrected, ImageCorrection, ImageOptions, ImageRead, Twin
from gateway.jobs import service as jobs
from gateway.jobs.schemas import JobRead
from lobule.storage import ObjectStore

router = APIRouter(prefix="/api/v1/images", tags=["images"])

_CHUNK = 256 * 1024
IfMatch = Annotated[str | None, Header(max_length=200, description="the ETag of its case as you saw it")]

UPLOAD_FORM: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["modality", "file"],
                "properties": {
                    "modality": {"type": "string", "enum": ["histopathology", "mammography"]},
                    "case_id": {"type": "string", "description": "the case that the image belongs to"},
                    "magnification": {"type": "string", "enum": ["40X", "100X", "200X", "400X"]},
                    "view": {"type": "string", "enum": ["CC", "MLO"]},
                    "laterality": {"type": "string", "enum": ["L", "R"]},
                    "study_date": {
                        "type": "string",
                        "format": "date",
                        "description": "day of the examination, where the file does not say it or says it wrong",
                    },
                    "replaces": {
                        "type": "string",
                        "description": "an image of the case whose place this one takes: it is removed, and what was "
                        "said of it holds for this one where nothing else is said",
                    },
                    "accept_other_patient": {
                        "type": "boolean",
                        "description": "add the file although it names another patient than those of the case",
                    },
                    "file": {
                        "type": "string",
                        "format": "binary",
                        "description": "the image; the last field",
                    },
                },
            }
        }
    },
}


@router.post(
    "",
    status_code=202,
    response_model=Accepted,
    responses=responses(400, 401, 403, 404, 409, 413, 415, 422, 503, 507),
    openapi_extra={"requestBody": UPLOAD_FORM},
)
async def upload_image(request: Request, response: Response, user: WaitingUser, settings: AppSettings) -> Accepted:
    """Upload an image for analysis. The response comes when it is stored; then follow the job's progress.

    The same bytes are one image of a case: sent into it again, or sent without a case where you have them anywhere,
    they are a 409 that names what exists. Another case takes them as an image of its own, analysed anew.

    A DICOM file that names another patient than the files of the case (by PatientID, name or birth date) is a 409
    `other_patient`; `differs` says by what.
    """
    state = request.app.state

    async def check(fields: dict[str, str]) -> ImageOptions:
        options = service.parse_options(fields)

        def case_is_visible() -> None:
            with reading(state.sessions) as session:
                service.check_place(session, user, options)

        await run_in_threadpool(case_is_visible)
        return options

    def note(session: Session, image: Image, detail: dict[str, Any]) -> None:
        record(session, request, user, "image.upload", "image", image.id, detail)

    options, upload = await service.receive(request, state.store, settings.max_upload_bytes, check)
    try:
        image, job = await run_in_threadpool(
            acceptance.accept,
            state.sessions,
            state.store,
            state.fingerprints,
            user,
            options,
            upload,
            note,
            interactive=at_portal(request),
        )
    except acceptance.Duplicate as known:
        raise ProblemError(
            409,
            "duplicate_image",
            "You have this image already, and its analysis; it was not stored a second time.",
            existing_image_id=known.image_id,
            existing_job_id=known.job_id,
        ) from None
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"

    def elsewhere() -> list[Twin]:
        with reading(state.sessions) as session:
            return acceptance.also_in(session, image)

    also_in = await run_in_threadpool(elsewhere) if options.case_id is not None else []
    return Accepted(image=ImageRead.model_validate(image), job=JobRead.of(job), also_in=also_in)


def visible_image(image_id: str, user: CurrentUser, session: DbSession) -> Image:
    """The image of `{image_id}`, if this user may see it."""
    image = repository.visible(session, user, image_id)
    if image is None:
        raise not_found("image")
    return image


VisibleImage = Annotated[Image, Depends(visible_image, scope="function")]


@router.get("/{image_id}", response_model=ImageRead, responses=responses(401, 404))
def read_image(image: VisibleImage) -> Image:
    """One image's description."""
    return image


@router.patch("/{image_id}", responses=responses(401, 403, 404, 409, 412, 413, 415, 422))
def correct_image(
    correction: ImageCorrection,
    image: VisibleImage,
    user: CurrentUser,
    session: DbSession,
    request: Request,
    if_match: IfMatch = None,
) -> ImageCorrected:
    """Correct the description of an image.

    Another modality analyses it again. A signed report of its case is superseded, never altered.
    """
    job = corrections.correct(
        session,
        request.app.state.store,
        user,
        image,
        correction,
        interactive=at_portal(request),
        if_match=if_match,
    )
    detail = correction.model_dump(mode="json", exclude_unset=True)
    record(session, request, user, "image.correct", "image", image.id, detail)
    return ImageCorrected(**ImageRead.model_validate(image).model_dump(), job=JobRead.of(job))


@router.delete("/{image_id}", status_code=204, responses=responses(401, 403, 404, 409, 412))
def remove_image(image_id: str, user: WaitingUser, request: Request, if_match: IfMatch = None) -> None:
    """Remove an image with its analyses and reviews. An image of a signed report stays (409 `image_signed`)."""
    state = request.app.state

    def note(session: Session, image: Image) -> None:
        detail = {"sha256": image.sha256, "modality": image.modality, "case_id": image.case_id}
        record(session, request, user, "image.remove", "image", image.id, detail)

    removal.remove(state.sessions, state.store, user, image_id, note, if_match)


@router.get(
    "/{image_id}/content",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/octet-stream": {}}}, **responses(401, 404)},
)
def read_content(image: VisibleImage, request: Request) -> StreamingResponse:
    """The bytes as they were uploaded."""
    store: ObjectStore = request.app.state.store

    def pieces() -> Iterator[bytes]:
        with store.open(image.object_key) as stream:
            while piece := stream.read(_CHUNK):
                yield piece

    headers = {
        "Content-Length": str(image.size_bytes),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(image.file_name)}",
        "ETag": f'"{image.sha256}"',
        "Cache-Control": "private, max-age=3600",
    }
    return StreamingResponse(pieces(), media_type=image.media_type, headers=headers)


@router.post("/{image_id}/jobs", status_code=202, responses=responses(401, 403, 404))
def analyse_again(
    image: VisibleImage, user: CurrentUser, session: DbSession, request: Request, response: Response
) -> JobRead:
    """Analyse an image again, for example after a new model was installed."""
    job = jobs.open_job(session, image, interactive=at_portal(request))
    record(session, request, user, "job.open", "job", job.id, {"image_id": image.id})
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return JobRead.of(job)
