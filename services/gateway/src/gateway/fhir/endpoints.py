"""`/fhir`: reading and searching resources, and a case as one transaction for another server."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from gateway.auth.dependencies import CurrentUser
from gateway.cases import repository as cases
from gateway.cases.models import Case
from gateway.database import DbSession
from gateway.errors import not_found
from gateway.fhir.codes import PSEUDONYM, Resource, ResourceType
from gateway.fhir.outcomes import FHIR_JSON, outcomes
from gateway.fhir.resources import bundle
from gateway.fhir.schemas import FhirBundle, FhirCapabilities, FhirResource
from gateway.fhir.service import resources_of
from gateway.jobs import repository as jobs
from gateway.users.models import User
from lobule import __version__

_ID_LENGTH = 36
_MOST_CASES = 50
_TYPES: tuple[ResourceType, ...] = ("ImagingStudy", "DiagnosticReport", "Observation", "Device", "Provenance")
_OF_ANALYSES = ("Device", "Observation")

router = APIRouter(prefix="/fhir", tags=["fhir"])


class FhirResponse(JSONResponse):
    """A resource."""

    media_type = FHIR_JSON


_DESCRIBED: dict[str, Any] = {"response_class": FhirResponse}
Identifier = Annotated[
    str | None, Query(max_length=200, description="pseudonym of the case, alone or as `urn:lobule:pseudonym|PSEUDONYM`")
]
ResourceIds = Annotated[
    str | None, Query(alias="_id", max_length=_MOST_CASES * 65, description="ids of resources, separated by commas")
]


@router.get("/metadata", **_DESCRIBED, responses={200: {"model": FhirCapabilities}})
def read_capabilities() -> FhirResponse:
    """Return the capabilities of this server as a CapabilityStatement."""
    interactions = [{"code": "read"}, {"code": "search-type"}]
    search = [{"name": "identifier", "type": "token"}, {"name": "_id", "type": "token"}]
    return FhirResponse(
        {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": "2026-01-01",
            "kind": "instance",
            "software": {"name": "Lobule", "version": __version__},
            "implementation": {"description": "Lobule, research use only"},
            "fhirVersion": "4.0.1",
            "format": ["json"],
            "rest": [
                {
                    "mode": "server",
                    "resource": [{"type": name, "interaction": interactions, "searchParam": search} for name in _TYPES],
                }
            ],
        }
    )


@router.get(
    "/Bundle/{case_id}", **_DESCRIBED, responses={200: {"model": FhirBundle}, **outcomes(400, 401, 404, 409, 503)}
)
def read_bundle(
    case_id: Annotated[str, Path(max_length=64)],
    user: CurrentUser,
    session: DbSession,
    request: Request,
    version: Annotated[
        int | None,
        Query(ge=1, le=2**31 - 1, description="only what belongs to the examination that this version was signed of"),
    ] = None,
) -> FhirResponse:
    """Return all resources of a case as a transaction.

    Post it to another FHIR server to create or update them there.
    """
    case = cases.visible(session, user, case_id)
    if case is None:
        raise not_found("case")
    told = resources_of(session, request.app.state.store, case, user, version)
    if not told:
        raise not_found("report")
    return FhirResponse(bundle("transaction", told))


@router.get(
    "/{resource_type}/{resource_id}",
    **_DESCRIBED,
    responses={200: {"model": FhirResource}, **outcomes(400, 401, 404, 409, 503)},
)
def read_resource(
    resource_type: ResourceType,
    resource_id: Annotated[str, Path(max_length=64)],
    user: CurrentUser,
    session: DbSession,
    request: Request,
) -> FhirResponse:
    """Return a resource.

    Its id begins with the id of the case; for findings and models, with that of their analysis. From the second
    examination of a case on, the id of the case is followed by the number of the examination.
    """
    case = _case_of(session, user, resource_type, resource_id)
    if case is None:
        raise not_found("resource")
    for resource in resources_of(session, request.app.state.store, case, user):
        if (resource["resourceType"], resource["id"]) == (resource_type, resource_id):
            return FhirResponse(resource)
    raise not_found("resource")


@router.get(
    "/{resource_type}", **_DESCRIBED, responses={200: {"model": FhirBundle}, **outcomes(400, 401, 404, 409, 503)}
)
def search_resources(
    resource_type: ResourceType,
    user: CurrentUser,
    session: DbSession,
    request: Request,
    identifier: Identifier = None,
    resource_id: ResourceIds = None,
) -> FhirResponse:
    """Search for the resources of your cases with exactly this pseudonym, of the 50 newest cases, or for ids.

    State `identifier`, `_id` or both.
    """
    if identifier is None and resource_id is None:
        told = {"type": "missing", "loc": ("query", "identifier"), "msg": "State identifier or _id"}
        raise RequestValidationError([told])
    ids = None if resource_id is None else set(resource_id.split(","))
    found: dict[str, Case] = {}
    if identifier is not None:
        pseudonym = identifier.removeprefix(f"{PSEUDONYM}|")
        found = {case.id: case for case in cases.of_pseudonym(session, user, pseudonym, limit=_MOST_CASES)}
    elif ids is not None:
        named = (_case_of(session, user, resource_type, each) for each in sorted(ids))
        found = {case.id: case for case in named if case is not None}
    matching: list[Resource] = []
    for case in found.values():
        for each in resources_of(session, request.app.state.store, case, user):
            if each["resourceType"] == resource_type and (ids is None or each["id"] in ids):
                matching.append(each)
    return FhirResponse(bundle("searchset", matching))


def _case_of(session: Session, user: User, resource_type: ResourceType, resource_id: str) -> Case | None:
    """The case that a resource belongs to, by its own id or by that of an analysis; None if this user sees none."""
    own = resource_id[:_ID_LENGTH]
    case = cases.visible(session, user, own)
    if case is None and resource_type in _OF_ANALYSES:
        job = jobs.visible(session, user, own)
        if job is not None and job.image.case_id is not None:
            case = cases.visible(session, user, job.image.case_id)
    return case
