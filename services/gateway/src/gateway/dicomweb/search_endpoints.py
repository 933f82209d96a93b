"""`/dicom-web`: QIDO-RS (DICOM PS3.18, 10.6): films of your cases, and what was made of them."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.audit.service import record_apart
from gateway.auth.dependencies import CurrentUser
from gateway.database import DbSession
from gateway.dicomweb.json_arrays import json_array
from gateway.dicomweb.matching import read_query
from gateway.dicomweb.paths import SEARCH_PARAMETERS, Uid, base_url, check_json, named
from gateway.dicomweb.readable_store import readable
from gateway.dicomweb.repository import Level, search
from gateway.dicomweb.schemas import DATA_SETS
from gateway.dicomweb.search_results import describe
from gateway.errors import responses
from gateway.users.models import User

router = APIRouter(prefix="/dicom-web", tags=["dicomweb"])

_DESCRIBED: dict[str, Any] = {
    "response_class": Response,
    "responses": {
        200: {"description": "The matches", **DATA_SETS},
        204: {"description": "There are no matches"},
        **responses(400, 401, 406, 422),
    },
    "openapi_extra": {"parameters": SEARCH_PARAMETERS},
}
_MORE = '299 lobule "There are additional results that can be requested"'


@router.get("/studies", **_DESCRIBED)
def search_studies(request: Request, user: CurrentUser, session: DbSession) -> Response:
    """Search for studies (QIDO-RS). Identifiers match in full; wildcards and names of patients are not supported."""
    return _search(request, session, user, "studies")


@router.get("/series", **_DESCRIBED)
def search_series(request: Request, user: CurrentUser, session: DbSession) -> Response:
    """Search for series (QIDO-RS)."""
    return _search(request, session, user, "series")


@router.get("/instances", **_DESCRIBED)
def search_instances(request: Request, user: CurrentUser, session: DbSession) -> Response:
    """Search for instances (QIDO-RS)."""
    return _search(request, session, user, "instances")


@router.get("/studies/{study}/series", **_DESCRIBED)
def search_series_of_study(study: Uid, request: Request, user: CurrentUser, session: DbSession) -> Response:
    """Search for series of a study (QIDO-RS)."""
    return _search(request, session, user, "series", study)


@router.get("/studies/{study}/instances", **_DESCRIBED)
def search_instances_of_study(study: Uid, request: Request, user: CurrentUser, session: DbSession) -> Response:
    """Search for instances of a study (QIDO-RS)."""
    return _search(request, session, user, "instances", study)


@router.get("/studies/{study}/series/{series}/instances", **_DESCRIBED)
def search_instances_of_series(
    study: Uid, series: Uid, request: Request, user: CurrentUser, session: DbSession
) -> Response:
    """Search for instances of a series (QIDO-RS)."""
    return _search(request, session, user, "instances", study, series)


def _search(
    request: Request, session: DbSession, user: User, level: Level, study: str | None = None, series: str | None = None
) -> Response:
    check_json(request)
    state = request.app.state
    query = read_query(request.query_params, named(study, series), state.fingerprints)
    found = search(session, user, level, query.criteria, query.limit + 1, query.offset)
    session.commit()  # gives the connection back before the files are read
    shown = [group[0].id for group in found[: query.limit]]
    record_apart(request, user, "dicom.search", detail={"level": level, "found": len(shown), "ids": shown})
    base = base_url(request)
    headers = {"Warning": _MORE} if len(found) > query.limit else {}
    if not shown:
        return Response(status_code=204, headers=headers)
    store = readable(request, user)
    data_sets = (describe(store, level, group, query.fields, base) for group in found[: query.limit])
    return json_array(data_sets, headers)
