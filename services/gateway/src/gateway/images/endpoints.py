"""`/api/v1/images/{id}`: reading an image."""

from collections.abc import Iterator
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from gateway.errors import WITH_ETAG, responses
from gateway.images.dependencies import VisibleImage
from gateway.images.models import Image
from gateway.images.schemas import ImageRead
from lobule.storage import ObjectStore

router = APIRouter(prefix="/api/v1/images", tags=["images"])

_CHUNK = 256 * 1024


@router.get("/{image_id}", response_model=ImageRead, responses=responses(401, 404))
def read_image(image: VisibleImage) -> Image:
    """One image's description."""
    return image


@router.get(
    "/{image_id}/content",
    response_class=StreamingResponse,
    operation_id="readImageContent",
    responses={
        **WITH_ETAG,
        200: {**WITH_ETAG[200], "content": {"application/octet-stream": {}}},
        **responses(401, 404),
    },
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
