"""`/api/v1/images`: listing and reading images."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from gateway.auth.dependencies import CurrentUser
from gateway.database import DbSession
from gateway.errors import WITH_ETAG, responses
from gateway.images import repository
from gateway.images.dependencies import VisibleImage
from gateway.images.models import Image
from gateway.images.schemas import ImagePage, ImageRead
from gateway.paging import UtcTime, link_next
from gateway.ranges import OFFERED, PARTS, headers_of_part, part_of
from gateway.streaming import Extent, StreamedResponse, pieces_of
from lobule.contracts.result import Modality
from lobule.imaging.header import MEDIA_TYPES

router = APIRouter(prefix="/api/v1/images", tags=["images"])

_BYTES: dict[str, Any] = {}


@router.get("", responses=responses(401, 422), operation_id="listImages")
def list_images(
    user: CurrentUser,
    session: DbSession,
    request: Request,
    response: Response,
    case_id: Annotated[str | None, Query(max_length=36, description="only images of this case")] = None,
    modality: Annotated[Modality | None, Query(description="only images of this modality")] = None,
    sha256: Annotated[str | None, Query(pattern="^[0-9a-f]{64}$", description="only images of these bytes")] = None,
    since: Annotated[UtcTime | None, Query(description="only images uploaded at this time or later")] = None,
    until: Annotated[UtcTime | None, Query(description="only images uploaded before this time")] = None,
    reverse: Annotated[bool, Query(description="oldest first")] = False,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> ImagePage:
    """List the images that you may see, newest first."""
    wanted = repository.ImageFilter(case_id, modality, sha256, since, until)
    rows, next_cursor = repository.listed(session, user, wanted, limit, cursor, oldest_first=reverse)
    link_next(request, response, next_cursor)
    items = [ImageRead.model_validate(row) for row in rows]
    return ImagePage(items=items, next_cursor=next_cursor, total=repository.number(session, user, wanted))


@router.get("/{image_id}", response_model=ImageRead, responses=responses(401, 404))
def read_image(image: VisibleImage) -> Image:
    """Return the description of an image."""
    return image


@router.get(
    "/{image_id}/content",
    response_class=StreamedResponse,
    operation_id="readImageContent",
    responses={
        **WITH_ETAG,
        200: {**WITH_ETAG[200], "content": dict.fromkeys(("application/octet-stream", *MEDIA_TYPES.values()), _BYTES)},
        **PARTS,
        **responses(401, 404),
    },
)
def read_content(image: VisibleImage, request: Request) -> StreamedResponse:
    """Return the stored file under its own media type.

    DICOM files are stored de-identified, and pictures without metadata: see docs/names.md. Check a download with
    `stored_sha256`.
    """
    size, etag = image.size_bytes, f'"{image.stored_sha256}"'
    headers = {
        "Content-Length": str(size),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(image.file_name)}",
        "ETag": etag,
        **OFFERED,
    }
    part = part_of(request.headers, size, etag) or range(size)
    status = 200
    if len(part) < size:
        status, headers = 206, headers | headers_of_part(part, size)
    pieces = pieces_of(request.app.state.store, image.object_key, Extent(part.start, len(part)))
    return StreamedResponse(pieces, status, media_type=image.media_type, headers=headers)
