"""The routes of the gateway: each package that answers requests has a router in `ROUTERS`."""

from functools import cache

from fastapi import APIRouter, Depends
from starlette.routing import BaseRoute

from gateway.accounts import endpoints as accounts
from gateway.admin import audit_endpoints as audit
from gateway.admin import endpoints as admin
from gateway.api_document import operation_id
from gateway.auth import endpoints as auth
from gateway.auth import session_endpoints as auth_sessions
from gateway.auth import token_endpoints as tokens
from gateway.auth.second_factor import endpoints as second_factor
from gateway.auth.second_factor import key_endpoints as security_keys
from gateway.case_details import endpoints as case_details
from gateway.case_details import examination as case_examination
from gateway.case_details import identity as case_identity
from gateway.case_details import results as case_results
from gateway.cases import emergency_endpoints as emergency
from gateway.cases import endpoints as cases
from gateway.cases import reading_endpoints as case_reading
from gateway.cases import view_endpoints as views
from gateway.corrections import endpoints as corrections
from gateway.corrections import job_endpoints as job_corrections
from gateway.deletion import endpoints as deletion
from gateway.diagnose import endpoints as diagnose
from gateway.dicomweb import endpoints as dicomweb
from gateway.dicomweb import result_endpoints as dicomweb_results
from gateway.dicomweb import retrieval_endpoints as dicomweb_retrieval
from gateway.dicomweb import search_endpoints as dicomweb_search
from gateway.fhir import endpoints as fhir
from gateway.groups import endpoints as groups
from gateway.hints import endpoints as hints
from gateway.images import endpoints as images
from gateway.jobs import endpoints as jobs
from gateway.jobs import internal
from gateway.merges import endpoints as merges
from gateway.modalities import endpoints as modality_endpoints
from gateway.nodes import endpoints as nodes
from gateway.parameters import refuse_unknown_parameters
from gateway.pictures import endpoints as pictures
from gateway.portal import admin_pages, login_pages, node_pages, sentences, worklist
from gateway.portal import endpoints as portal
from gateway.purge import endpoints as purge
from gateway.reader_findings import endpoints as reader_findings
from gateway.reader_findings import opinions
from gateway.reports import case_endpoints as case_reports
from gateway.reports import endpoints as reports
from gateway.reports import key_endpoints as signing_keys
from gateway.reports import read_endpoints as reads
from gateway.reviews import endpoints as reviews
from gateway.samples import endpoints as samples
from gateway.sso import endpoints as sso
from gateway.system import endpoints as system
from gateway.uploads import endpoints as uploads
from gateway.webhooks import endpoints as webhooks

ROUTERS = (
    auth,
    second_factor,
    security_keys,
    accounts,
    tokens,
    auth_sessions,
    audit,
    admin,
    groups,
    hints,
    views,
    cases,
    case_reading,
    emergency,
    case_details,
    case_examination,
    case_results,
    deletion,
    case_identity,
    reviews,
    reader_findings,
    opinions,
    case_reports,
    reads,
    uploads,
    images,
    corrections,
    jobs,
    job_corrections,
    reports,
    signing_keys,
    pictures,
    diagnose,
    samples,
    dicomweb,
    dicomweb_search,
    dicomweb_retrieval,
    dicomweb_results,
    fhir,
    internal,
    modality_endpoints,
    system,
    webhooks,
    nodes,
    merges,
    purge,
    sso,
    login_pages,
    node_pages,
    portal,
    worklist,
    sentences,
    admin_pages,
)


@cache
def all_routes() -> list[BaseRoute]:
    """The routes of all packages; those of one process share what FastAPI learns of them at their first request."""
    together = APIRouter(generate_unique_id_function=operation_id, dependencies=[Depends(refuse_unknown_parameters)])
    for module in ROUTERS:
        together.include_router(module.router)
    return together.routes
