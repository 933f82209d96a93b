"""`/api/v1/previews` and `/api/v1/images/{id}/film`: previews and films that browsers cannot decode."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from gateway.auth.dependencies import AppSettings, CurrentUser, DetachedUser
from gateway.cases import repository as cases
from gateway.database import DbSession, read, release
from gateway.errors import WITH_ETAG, not_found, responses
from gateway.images import repository
from gateway.images.dependencies import VisibleImage
from gateway.images.identity import PatientAttribute, differences_from
from gateway.images.models import Image
from gateway.images.schemas import plausible_day
from gateway.names.policy import NamePolicy
from gateway.pictures.schemas import PatientRead, PictureRead, PreviewRead
from gateway.pictures.service import Drawn, PictureService
from gateway.streaming import StreamedResponse
from gateway.uploads.receiving import receive
from lobule import layout
from lobule.errors import AnalysisError
from lobule.imaging.header import DicomIdentity, read_header
from lobule.storage import ObjectStore

router = APIRouter(prefix="/api/v1", tags=["pictures"])

PREVIEW_FORM: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "case_id": {"type": "string", "description": "a case whose files it is compared with"},
                    "replaces": {"type": "string", "description": "an image of the case that is left out of this"},
                    "file": {"type": "string", "format": "binary", "description": "the last field"},
                },
            }
        }
    },
}
_GZIPPED = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}


def picture_service(request: Request) -> PictureService:
    """The picture service of the app."""
    return request.app.state.pictures


Pictures = Annotated[PictureService, Depends(picture_service)]


@router.post(
    "/previews",
    status_code=202,
    responses=responses(400, 401, 403, 404, 413, 415, 422, 429, 503),
    openapi_extra={"requestBody": PREVIEW_FORM},
)
async def make_preview(request: Request, user: DetachedUser, settings: AppSettings, pictures: Pictures) -> PreviewRead:
    """Render a file that the browser cannot show: DICOM, TIFF, 16-bit PNG. The file is neither analysed nor kept.

    The answer says whether a DICOM file names another patient than the files of a case, so that you can warn the user
    before the upload.
    """
    state = request.app.state
    await run_in_threadpool(pictures.check_previews, user.id)

    async def check(fields: dict[str, str]) -> Sequence[Image]:
        def of_case(session: Session) -> Sequence[Image]:
            case = cases.visible(session, user, fields["case_id"])
            if case is None:
                raise not_found("case")
            return [image for image in repository.of_case(session, case.id) if image.id != fields.get("replaces")]

        return await run_in_threadpool(read, state.sessions, of_case) if fields.get("case_id") else []

    folder = partial(layout.preview_folder, user.id)
    others, upload = await receive(request, state.store, settings.max_upload_bytes, check, folder)
    prefix = folder(upload.image_id)
    await run_in_threadpool(pictures.remember_preview, user.id, prefix)
    file, facts = DicomIdentity(), None
    try:
        file = await run_in_threadpool(_identity, state.store, upload.object_key, state.names)
        await run_in_threadpool(pictures.ask, upload.object_key, prefix, "preview")
    except AnalysisError as error:
        facts = await run_in_threadpool(pictures.refuse_preview, prefix, error)
    except Exception:
        await run_in_threadpool(pictures.forget_preview, prefix)
        raise
    marks = state.fingerprints.of(file)

    def differs(session: Session) -> list[PatientAttribute]:
        return differences_from(session, Image(owner_id=others[0].owner_id, identity=marks), others) if others else []

    return PreviewRead(
        **PictureRead.of(upload.image_id, facts).model_dump(),
        study_date=file.study_date if file.study_date and plausible_day(file.study_date) else None,
        patient=PatientRead.of(marks),
        differs=await run_in_threadpool(read, state.sessions, differs),
    )


def _identity(store: ObjectStore, key: str, names: NamePolicy) -> DicomIdentity:
    """The patient that a DICOM file names, nobody for other files; names are taken out of the stored file.

    Raises:
        AnalysisError: Of a file that cannot be read, whose names stay in it.
    """
    with store.open(key) as stream:
        header = read_header(stream, "mammography")
    if header.dicom is None:
        names.remove_metadata(store, key, header.format)
    else:
        names.deidentify(store, key, "film", header.dicom)
    return header.dicom or DicomIdentity()


@router.get("/previews/{preview_id}", responses=responses(401, 422))
def read_preview(preview_id: UUID, user: CurrentUser, session: DbSession, pictures: Pictures) -> PictureRead:
    """Return the state of a preview, and the facts of the file."""
    release(session)
    return PictureRead.of(str(preview_id), pictures.facts(layout.preview_folder(user.id, str(preview_id))))


@router.get(
    "/previews/{preview_id}/picture",
    response_class=Response,
    responses={**WITH_ETAG, 200: {**WITH_ETAG[200], "content": {"image/jpeg": {}}}, **responses(401, 409, 422)},
)
def read_preview_picture(preview_id: UUID, user: CurrentUser, session: DbSession, pictures: Pictures) -> Response:
    """Return the picture of the preview."""
    release(session)
    drawn = pictures.read(layout.preview_folder(user.id, str(preview_id)), layout.PREVIEW_FILE)
    return _sent(drawn, str(preview_id), "image/jpeg", {})


@router.delete("/previews/{preview_id}", status_code=204, responses=responses(401, 403, 422))
def delete_preview(preview_id: UUID, user: CurrentUser, session: DbSession, pictures: Pictures) -> None:
    """Delete a preview now; otherwise it is deleted within an hour."""
    release(session)
    pictures.forget_preview(layout.preview_folder(user.id, str(preview_id)))


@router.get("/images/{image_id}/film", responses=responses(401, 404, 503))
def read_film(image: VisibleImage, session: DbSession, pictures: Pictures) -> PictureRead:
    """Return whether a film has more bits or pixels than its display image, and how to read them.

    The samples are prepared at the first request.
    """
    release(session)
    return PictureRead.of(image.id, pictures.ask(image.object_key, layout.film_folder(image.id), "samples"))


@router.get(
    "/images/{image_id}/film/overview",
    response_class=Response,
    response_model=None,
    responses={
        **WITH_ETAG,
        200: {**WITH_ETAG[200], "content": {"application/octet-stream": {}}},
        202: {"model": PictureRead},
        204: {"description": "The film has no more depth than its display image, or was prepared without an overview"},
        **responses(401, 404, 503),
    },
)
def read_overview(image: VisibleImage, session: DbSession, pictures: Pictures) -> Response:
    """Return a film in full depth at the size of the viewer's panes, with its facts.

    A viewer needs no more until it zooms in.

    The answer is the length of a JSON document (unsigned, little-endian, 32 bits), the document with `facts`, `width`
    and `height`, and 16-bit samples as those of `/film/samples`. 202 while it is being drawn.
    """
    release(session)
    folder = layout.film_folder(image.id)
    overview = pictures.find(folder, layout.OVERVIEW_FILE)
    if overview is not None:
        return _sent(overview, image.stored_sha256, "application/octet-stream", _GZIPPED)
    drawn = PictureRead.of(image.id, pictures.ask(image.object_key, folder, "samples"))
    if drawn.state != "drawing":
        return Response(status_code=204)
    return JSONResponse(drawn.model_dump(mode="json"), status_code=202)


@router.get(
    "/images/{image_id}/film/samples",
    response_class=Response,
    responses={
        **WITH_ETAG,
        200: {**WITH_ETAG[200], "content": {"application/octet-stream": {}}},
        **responses(401, 404, 409),
    },
)
def read_samples(image: VisibleImage, session: DbSession, pictures: Pictures) -> Response:
    """Return a film's samples, as `facts.samples` of the film describes.

    They are 16-bit unsigned little-endian integers, row by row.
    """
    release(session)
    drawn = pictures.read(layout.film_folder(image.id), layout.SAMPLES_FILE)
    return _sent(drawn, image.stored_sha256, "application/octet-stream", _GZIPPED)


def _sent(drawn: Drawn, source: str, media_type: str, headers: Mapping[str, str]) -> StreamedResponse:
    """A picture. Its tag is weak: it names what was drawn, and how long the file is."""
    own = {"Content-Length": str(drawn.size), "ETag": f'W/"{source}-{drawn.size:x}"'}
    return StreamedResponse(drawn.pieces, media_type=media_type, headers={**headers, **own})
