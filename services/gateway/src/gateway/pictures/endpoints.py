"""`/api/v1/previews` and `/api/v1/images/{id}/film`: what a browser cannot read, drawn by the report service."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from gateway.auth.dependencies import AppSettings, CurrentUser, WaitingUser
from gateway.errors import responses
from gateway.images import service as images
from gateway.images.endpoints import VisibleImage
from gateway.pictures.schemas import PictureRead
from gateway.pictures.service import PictureDesk
from gateway.users.models import User
from lobule.contracts.pictures import PREVIEW_FILE, SAMPLES_FILE

router = APIRouter(prefix="/api/v1", tags=["pictures"])

PREVIEW_FORM: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        }
    },
}
_PRIVATE = {"Cache-Control": "private, max-age=3600"}


def picture_desk(request: Request) -> PictureDesk:
    """The desk the app was made with."""
    return request.app.state.pictures


Desk = Annotated[PictureDesk, Depends(picture_desk)]


def _folder(user: User) -> str:
    return f"previews/{user.id}"


@router.post(
    "/previews",
    status_code=202,
    responses=responses(400, 401, 403, 413, 415, 422, 503),
    openapi_extra={"requestBody": PREVIEW_FORM},
)
async def make_preview(request: Request, user: WaitingUser, settings: AppSettings, desk: Desk) -> PictureRead:
    """Have a file drawn that the browser cannot show: DICOM, TIFF, 16-bit PNG. Nothing is analysed or kept."""

    async def check(_fields: dict[str, str]) -> None:
        return None

    store = request.app.state.store
    _, upload = await images.receive(request, store, settings.max_upload_bytes, check, folder=_folder(user))
    prefix = f"{_folder(user)}/{upload.image_id}"
    await run_in_threadpool(desk.remember_preview, prefix)
    try:
        await run_in_threadpool(desk.ask, upload.object_key, prefix, "preview")
    except Exception:
        await run_in_threadpool(desk.forget_preview, prefix)
        raise
    return PictureRead.of(upload.image_id, None)


@router.get("/previews/{preview_id}", responses=responses(401, 422))
def read_preview(preview_id: UUID, user: CurrentUser, desk: Desk) -> PictureRead:
    """Whether a preview is drawn, and what the file holds."""
    return PictureRead.of(str(preview_id), desk.facts(f"{_folder(user)}/{preview_id}"))


@router.get(
    "/previews/{preview_id}/picture",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, **responses(401, 409, 422)},
)
def read_preview_picture(preview_id: UUID, user: CurrentUser, desk: Desk) -> Response:
    """The preview itself."""
    content = desk.read(f"{_folder(user)}/{preview_id}", PREVIEW_FILE)
    return Response(content, media_type="image/jpeg", headers=_PRIVATE)


@router.delete("/previews/{preview_id}", status_code=204, responses=responses(401, 403, 422))
def delete_preview(preview_id: UUID, user: CurrentUser, desk: Desk) -> None:
    """Forget a preview; it is forgotten within the hour anyway."""
    desk.forget_preview(f"{_folder(user)}/{preview_id}")


@router.get("/images/{image_id}/film", responses=responses(401, 404, 503))
def read_film(image: VisibleImage, desk: Desk) -> PictureRead:
    """Whether a film has more bits or pixels than its display image, and how to read them; drawn when first asked."""
    return PictureRead.of(image.id, desk.ask(image.object_key, f"images/{image.id}/film", "samples"))


@router.get(
    "/images/{image_id}/film/samples",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}, **responses(401, 404, 409)},
)
def read_samples(image: VisibleImage, desk: Desk) -> Response:
    """A film's samples: 16-bit unsigned little-endian integers, row by row, as `facts.samples` of the film says."""
    content = desk.read(f"images/{image.id}/film", SAMPLES_FILE)
    headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding", **_PRIVATE}
    return Response(content, media_type="application/octet-stream", headers=headers)
