"""`/api/v1/images/{id}`: reading an image."""

from collections.abc import Iterator
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from gateway.errors import responses
from gateway.images.dependencies import VisibleImage
from gateway.images.models import Image
from gateway.images.schemas import ImageRead
from lobule.storage import ObjectStore

router = APIRouter(prefix="/api/v1/images", tags=["images"])

_CHUNK = 256 * 1024
<<<<<<< HEAD
=======
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
            "You have already uploaded this image; it was not stored again. Please use the existing analysis.",
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
>>>>>>> 0988c0a (Take the English of errors from the catalogue, and reword API errors and documentation plainly)


@router.get("/{image_id}", response_model=ImageRead, responses=responses(401, 404))
def read_image(image: VisibleImage) -> Image:
    """One image's description."""
    return image


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
