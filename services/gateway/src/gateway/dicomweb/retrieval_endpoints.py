"""`/dicom-web`: WADO-RS (DICOM PS3.18, 10.4): films of your cases, and what was made of them, as they are stored."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from gateway.accepting import is_acceptable
from gateway.audit.service import record_apart
from gateway.auth.dependencies import CurrentUser
from gateway.database import DbSession
from gateway.dicomweb.content_negotiation import OCTETS, accepted, choose_frame_type
from gateway.dicomweb.frames import frames, numbers_of, open_pixels, read_frame
from gateway.dicomweb.headers import everything, read_header, transfer_syntax, value_of
from gateway.dicomweb.json_arrays import json_array
from gateway.dicomweb.matching import of_path
from gateway.dicomweb.multipart_reader import MEDIA_TYPE
from gateway.dicomweb.multipart_writer import Part, multipart_response
from gateway.dicomweb.paths import Uid, base_url, check_json, named
from gateway.dicomweb.readable_store import ReadableStore, readable
from gateway.dicomweb.rendering import PDF, PNG, rendered
from gateway.dicomweb.repository import Instance, instances
from gateway.dicomweb.schemas import DATA_SETS
from gateway.errors import ProblemError, not_found, responses
from gateway.streaming import Extent, StreamedResponse
from gateway.users.models import User
from lobule.storage import ObjectStore

router = APIRouter(prefix="/dicom-web", tags=["dicomweb"])

_PIXELS = 0x7FE00010
_NAMED = 100
"""Objects that the audit log names of one request."""
_CHECKED_AT_ONCE = 8
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_PROBLEMS = responses(401, 404, 406, 409, 422, 500)
_RETRIEVED: dict[str, Any] = {
    "response_class": Response,
    "responses": {200: {"description": "The files", "content": {"multipart/related": _BINARY}}, **_PROBLEMS},
}
_METADATA: dict[str, Any] = {
    "response_class": Response,
    "responses": {200: {"description": "The attributes of each instance", **DATA_SETS}, **_PROBLEMS},
}
_RENDERED: dict[str, Any] = {
    "response_class": Response,
    "responses": {
        200: {"description": "The picture or document", "content": {PNG: _BINARY, PDF: _BINARY}},
        **_PROBLEMS,
    },
}
Numbers = Annotated[str, Path(pattern=r"^\d{1,5}(,\d{1,5}){0,99}$", description="numbers of frames, from 1")]
BulkTag = Annotated[str, Path(pattern=r"^[0-9A-Fa-f]{8}$", description="tag of the element")]


@router.get("/studies/{study}", **_RETRIEVED)
def retrieve_study(study: Uid, request: Request, user: CurrentUser, session: DbSession) -> Response:
    """Retrieve all instances of a study, as they are stored (WADO-RS)."""
    return _files(request, user, _found(request, session, user, study))


@router.get("/studies/{study}/metadata", **_METADATA)
def retrieve_study_metadata(study: Uid, request: Request, user: CurrentUser, session: DbSession) -> Response:
    """Retrieve the attributes of all instances of a study (WADO-RS)."""
    return _metadata(request, user, _found(request, session, user, study))


@router.get("/studies/{study}/series/{series}", **_RETRIEVED)
def retrieve_series(study: Uid, series: Uid, request: Request, user: CurrentUser, session: DbSession) -> Response:
    """Retrieve all instances of a series, as they are stored (WADO-RS)."""
    return _files(request, user, _found(request, session, user, study, series))


@router.get("/studies/{study}/series/{series}/metadata", **_METADATA)
def retrieve_series_metadata(
    study: Uid, series: Uid, request: Request, user: CurrentUser, session: DbSession
) -> Response:
    """Retrieve the attributes of all instances of a series (WADO-RS)."""
    return _metadata(request, user, _found(request, session, user, study, series))


@router.get("/studies/{study}/series/{series}/instances/{instance}", **_RETRIEVED)
def retrieve_instance(
    study: Uid, series: Uid, instance: Uid, request: Request, user: CurrentUser, session: DbSession
) -> Response:
    """Retrieve an instance, as it is stored (WADO-RS)."""
    return _files(request, user, _found(request, session, user, study, series, instance))


@router.get("/studies/{study}/series/{series}/instances/{instance}/metadata", **_METADATA)
def retrieve_instance_metadata(
    study: Uid, series: Uid, instance: Uid, request: Request, user: CurrentUser, session: DbSession
) -> Response:
    """Retrieve the attributes of an instance (WADO-RS)."""
    return _metadata(request, user, _found(request, session, user, study, series, instance))


@router.get("/studies/{study}/series/{series}/instances/{instance}/frames/{numbers}", **_RETRIEVED)
def retrieve_frames(
    study: Uid, series: Uid, instance: Uid, numbers: Numbers, request: Request, user: CurrentUser, session: DbSession
) -> Response:
    """Retrieve frames of an instance, as they are stored (WADO-RS)."""
    [found] = _found(request, session, user, study, series, instance)
    return _frames(request, found, numbers)


@router.get("/studies/{study}/series/{series}/instances/{instance}/bulkdata/{tag}", **_RETRIEVED)
def retrieve_bulk_data(
    study: Uid, series: Uid, instance: Uid, tag: BulkTag, request: Request, user: CurrentUser, session: DbSession
) -> Response:
    """Retrieve a large element of an instance, such as the document of a PDF (WADO-RS)."""
    [found] = _found(request, session, user, study, series, instance)
    if int(tag, 16) == _PIXELS:
        return _frames(request, found, None)
    if not any(each.takes(OCTETS) for each in accepted(request, OCTETS)):
        raise ProblemError(406, "not_acceptable", "dicom")
    store = readable(request, user)
    with store.open_header(found.object_key) as stream:
        value = value_of(stream, read_header(stream), int(tag, 16))
    if value is None:
        raise not_found("element")
    content = store.pieces(found.object_key, value) if isinstance(value, Extent) else [value]
    return multipart_response([Part(OCTETS, content)], OCTETS)


@router.get("/studies/{study}/series/{series}/instances/{instance}/rendered", **_RENDERED)
def retrieve_rendered(
    study: Uid, series: Uid, instance: Uid, request: Request, user: CurrentUser, session: DbSession
) -> Response:
    """Retrieve a film as its analysis shows it, a picture as PNG, or a report as PDF (WADO-RS)."""
    [found] = _found(request, session, user, study, series, instance)
    media_type, content = rendered(request.app.state.sessions, request.app.state.store, found)
    if not is_acceptable(request.headers.get("accept", ""), media_type):
        raise ProblemError(406, "not_acceptable", "dicom")
    return StreamedResponse(content, media_type=media_type)


def _found(request: Request, session: DbSession, user: User, *uids: str) -> Sequence[Instance]:
    """The instances that a path names and that this user may see, at least one."""
    found = instances(session, user, of_path(named(*uids), request.app.state.fingerprints))
    if not found:
        raise not_found("instance")
    session.commit()  # gives the connection back before the files are read
    detail = {"objects": len(found), "ids": [each.id for each in found[:_NAMED]]}
    record_apart(request, user, "dicom.retrieve", detail=detail)
    return found


def _files(request: Request, user: User, found: Sequence[Instance]) -> Response:
    store = readable(request, user)
    wanted = accepted(request, MEDIA_TYPE)
    said = {each.syntax for each in wanted} | {syntax for each in wanted[:1] for *_, syntax in each.refused}
    particular = not said <= {None, "*"}
    syntaxes = {_syntax(store, each) for each in found} if particular else {None}
    taken = [each for each in wanted if all(each.takes(MEDIA_TYPE, syntax) for syntax in syntaxes)]
    if not taken:
        raise ProblemError(406, "not_acceptable", "dicom")
    _check_stored(request.app.state.store, found)
    if not taken[0].is_multipart and len(found) == 1:
        return StreamedResponse(store.pieces(found[0].object_key), media_type=MEDIA_TYPE)
    return multipart_response((Part(MEDIA_TYPE, store.pieces(each.object_key)) for each in found), MEDIA_TYPE)


def _check_stored(store: ObjectStore, found: Sequence[Instance]) -> None:
    """Check that the files are there before the first byte of an answer, which could only break off later.

    Raises:
        ObjectNotFoundError: One of them is not.
    """

    def check(each: Instance) -> None:
        with store.open(each.object_key):  # S3 is asked for its head, and for a few bytes
            pass

    with ThreadPoolExecutor(min(len(found), _CHECKED_AT_ONCE)) as pool:
        list(pool.map(check, found))


def _syntax(store: ReadableStore, instance: Instance) -> str:
    with store.open_header(instance.object_key) as stream:
        return transfer_syntax(read_header(stream))


def _metadata(request: Request, user: User, found: Sequence[Instance]) -> Response:
    check_json(request)
    base = f"{base_url(request)}{request.url.path.partition('/dicom-web')[2].partition('/series')[0]}"
    base = base.removesuffix("/metadata")
    store = readable(request, user)
    return json_array(_described(store, each, base) for each in found)


def _described(store: ReadableStore, instance: Instance, study_url: str) -> dict[str, Any]:
    with store.open_header(instance.object_key) as stream:
        header = read_header(stream)
        url = f"{study_url}/series/{header.SeriesInstanceUID}/instances/{header.SOPInstanceUID}"
        found = everything(header, f"{url}/bulkdata")
        if "Rows" in header:
            found["7FE00010"] = {"vr": "OW", "BulkDataURI": f"{url}/bulkdata/7FE00010"}
    return found


def _frames(request: Request, found: Instance, numbers: str | None) -> Response:
    """Frames by their numbers; None: all. Pixels are the same with an identity and without."""
    store: ObjectStore = request.app.state.store
    with store.open(found.object_key) as stream:
        pixels = open_pixels(stream)
        wanted = range(1, pixels.count + 1) if numbers is None else numbers_of(numbers, pixels.count)
        places = frames(stream, pixels, wanted)
    media_type = choose_frame_type(request, pixels.media_type, pixels.syntax)

    def parts() -> Iterator[Part]:
        with store.open(found.object_key) as stream:
            for place in places:
                yield Part(f"{media_type}; transfer-syntax={pixels.syntax}", read_frame(stream, pixels, place))

    return multipart_response(parts(), media_type)
