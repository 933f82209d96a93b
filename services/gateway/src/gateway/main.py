"""The gateway's application: `uvicorn gateway.main:create_app --factory`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from gateway.accounts import endpoints as accounts
from gateway.admin import audit_endpoints as audit
from gateway.admin import endpoints as admin
from gateway.api_document import install_document, operation_id
from gateway.audit.anchors import Anchorer
from gateway.audit.reads import NoteReads, ReadJournal
from gateway.audit.refusals import NoteRefusals, RefusalJournal
from gateway.auth import endpoints as auth
from gateway.auth import session_endpoints as auth_sessions
from gateway.auth import token_endpoints as tokens
from gateway.auth.login_places import LOGINS_AT_ONCE
from gateway.auth.pages import LoginRequiredError, PageForbiddenError
from gateway.auth.second_factor import endpoints as second_factor
from gateway.auth.second_factor import key_endpoints as security_keys
from gateway.auth.throttle import LoginThrottle
from gateway.body_limit import BodyLimit
from gateway.case_details import endpoints as case_details
from gateway.case_details import examination as case_examination
from gateway.case_details import identity as case_identity
from gateway.case_details import results as case_results
from gateway.cases import emergency_endpoints as emergency
from gateway.cases import endpoints as cases
from gateway.cases import reading_endpoints as case_reading
from gateway.cases import view_endpoints as views
from gateway.cases.events import DoubleReadingEnded
from gateway.cases.handlers import (
    lock_case_of_examination,
    refresh_case,
    share_with_group,
    summarise_case_of_examination,
)
from gateway.conditional import Conditional
from gateway.corrections import endpoints as corrections
from gateway.corrections import job_endpoints as job_corrections
from gateway.cross_origin import CrossOrigin, parse_origins
from gateway.database import make_engine, make_session_factory
from gateway.deletion import endpoints as deletion
from gateway.diagnose import endpoints as diagnose
from gateway.dicomweb import endpoints as dicomweb
from gateway.dicomweb import result_endpoints as dicomweb_results
from gateway.dicomweb import retrieval_endpoints as dicomweb_retrieval
from gateway.dicomweb import search_endpoints as dicomweb_search
from gateway.dicomweb.service import InstanceService
from gateway.errors import install_error_handlers
from gateway.events import Events
from gateway.fhir import endpoints as fhir
from gateway.fhir.outcomes import install_outcomes
from gateway.groups import endpoints as groups
from gateway.groups.events import ProgramJoined
from gateway.hints import endpoints as hints
from gateway.idempotency.middleware import IdempotencyMiddleware
from gateway.idempotency.service import install_replays
from gateway.images import endpoints as images
from gateway.images.identity import Fingerprints
from gateway.jobs import endpoints as jobs
from gateway.jobs import internal
from gateway.jobs.endings import Endings
from gateway.jobs.events import AnalysisChanged, AnalysisEnded, ExaminationChanged, ExaminationEnds
from gateway.jobs.progress import ProgressBoard
from gateway.jobs.progress_cache import ProgressResponseCache
from gateway.jobs.relay import BackgroundLoop, Reaper, Relay
from gateway.middleware import AnswerWhenStopped, RequestContext
from gateway.modalities import endpoints as modality_endpoints
from gateway.modalities.service import Modalities
from gateway.names.policy import NamePolicy
from gateway.nodes import endpoints as nodes
from gateway.outages import install_outage_handlers
from gateway.parameters import refuse_unknown_parameters
from gateway.pictures import endpoints as pictures
from gateway.pictures.service import PictureService
from gateway.portal import admin_pages, login_pages, node_pages, sentences, worklist
from gateway.portal import endpoints as portal
from gateway.portal.errors import install_error_pages
from gateway.portal.scripts import WebFiles
from gateway.purge import endpoints as purge
from gateway.ranges import Ranges
from gateway.reader_findings import endpoints as reader_findings
from gateway.reader_findings import opinions
from gateway.reader_findings import service as reader_findings_service
from gateway.reports import case_endpoints as case_reports
from gateway.reports import endpoints as reports
from gateway.reports import key_endpoints as signing_keys
from gateway.reports import read_endpoints as reads
from gateway.reports.events import ReportSigned
from gateway.reports.handlers import supersede_signed_without
from gateway.reviews import endpoints as reviews
from gateway.reviews import service as reviews_service
from gateway.samples import endpoints as samples
from gateway.settings import GatewaySettings, get_settings
from gateway.sso import endpoints as sso
from gateway.sso.provider import Provider
from gateway.system import endpoints as system
from gateway.system.health import LoopBeat, Readiness, health_of
from gateway.uploads import endpoints as uploads
from gateway.uploads.service import UploadService
from gateway.webhooks import endpoints as webhooks
from gateway.webhooks.deliverer import Deliverer
from gateway.webhooks.lookups import Lookups
from gateway.webhooks.messages import Messages
from lobule import RESEARCH_USE_ONLY, __version__
from lobule.progress_cache import ProgressCache
from lobule.queueing import make_celery
from lobule.redis_address import connect
from lobule.storage import open_configured_store
from lobule.telemetry import configure_logging
from lobule.tracing import configure_tracing

_ROUTERS = (
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
def _routes() -> list[BaseRoute]:
    """The routes of all packages; those of one process share what FastAPI learns of them at their first request."""
    together = APIRouter(generate_unique_id_function=operation_id, dependencies=[Depends(refuse_unknown_parameters)])
    for module in _ROUTERS:
        together.include_router(module.router)
    return together.routes


def create_app(settings: GatewaySettings | None = None) -> FastAPI:
    """The application, ready to be served; its loops start and end with the server."""
    settings = settings or get_settings()
    configure_logging("gateway", settings.log_format, settings.log_level)
    configure_tracing("gateway", settings.otlp_endpoint)
    engine = make_engine(settings.database_url)
    sessions = make_session_factory(engine, _subscribed(settings), settings.audit_secret, settings.signing_keys)
    redis = connect(settings.redis_url)
    cache = ProgressCache(redis)
    celery = make_celery(settings.redis_url)
    relay = Relay(sessions, celery)
    modalities = Modalities(sessions, cache)
    reaper = Reaper(sessions, cache, modalities, settings)
    deliverer = Deliverer(sessions, settings)
    refusals, data_reads = RefusalJournal(sessions), ReadJournal(sessions)
    anchorer = Anchorer(sessions, settings.audit_secret, settings.audit_anchors)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        loops = (
            BackgroundLoop("relay", relay.turn, relay.wake),
            BackgroundLoop("reaper", reaper.turn, reaper.stopped),
            BackgroundLoop("webhooks", deliverer.turn, deliverer.stopped),
            BackgroundLoop("anchors", anchorer.turn, anchorer.stopped),
            BackgroundLoop("refusals", refusals.turn, refusals.stopped),
            BackgroundLoop("reads", data_reads.turn, data_reads.stopped),
        )
        for loop in loops:
            loop.start()
        beating = asyncio.create_task(app.state.loop_beat.run())
        yield
        beating.cancel()
        for loop in loops:
            loop.close()
        engine.dispose()

    app = FastAPI(
        title="Lobule",
        version=__version__,
        routes=_routes(),
        description=f"Breast-cancer computer-aided diagnosis. {RESEARCH_USE_ONLY} Changes: `/api/changelog`.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    app.state.settings = settings
    app.state.pdf_signer = settings.pdf_signer
    app.state.sessions = sessions
    app.state.loop_beat = LoopBeat()
    app.state.readiness = Readiness(lambda: health_of(app.state))
    app.state.redis = redis
    app.state.progress_cache = cache
    app.state.modalities = modalities
    app.state.sso = Provider(settings)
    app.state.relay = relay
    app.state.reaper = reaper
    app.state.deliverer = deliverer
    app.state.lookups = Lookups(settings)
    app.state.store = open_configured_store(settings)
    app.state.fingerprints = Fingerprints(settings.secret_key.get_secret_value())
    app.state.names = NamePolicy(settings, app.state.fingerprints)
    app.state.uploads = UploadService(
        sessions, app.state.store, app.state.fingerprints, modalities, settings, app.state.names
    )
    app.state.instances = InstanceService(
        sessions, app.state.store, app.state.fingerprints, modalities, app.state.uploads, settings.reading_rule
    )
    app.state.pictures = PictureService(app.state.store, celery, cache)
    app.state.login_places = asyncio.Semaphore(LOGINS_AT_ONCE)
    app.state.throttle = LoginThrottle(redis, settings.login_attempts)
    app.state.progress, app.state.endings = ProgressBoard(cache), Endings(sessions)
    install_error_handlers(app)
    install_outage_handlers(app)
    install_error_pages(app)
    install_outcomes(app)
    install_replays(app)
    install_document(app)
    app.state.refusals, app.state.data_reads = refusals, data_reads
    app.add_middleware(IdempotencyMiddleware, sessions=sessions, settings=settings)
    app.add_middleware(NoteRefusals, journal=refusals)
    app.add_middleware(NoteReads, journal=data_reads)
    app.add_middleware(ProgressResponseCache, sessions=sessions)
    for middleware in (BodyLimit, Conditional, Ranges):
        app.add_middleware(middleware)
    app.add_middleware(CrossOrigin, origins=parse_origins(settings.cors_origins))
    app.add_middleware(AnswerWhenStopped)
    app.add_middleware(RequestContext)  # added last, so the outermost
    app.webhooks.include_router(webhooks.messages)
    # Only what holds no secret is compressed: compressed pages could be made to betray their CSRF token (BREACH).
    app.mount("/static", GZipMiddleware(WebFiles(), minimum_size=500), name="static")

    app.add_exception_handler(PageForbiddenError, admin_pages.refuse)

    @app.exception_handler(LoginRequiredError)
    async def ask_to_log_in(_request: Request, error: LoginRequiredError) -> Response:
        return RedirectResponse(error.location, status_code=303)

    return app


def _subscribed(settings: GatewaySettings) -> Events:
    """Registers which handlers receive which events."""
    events = Events()
    events.subscribe(AnalysisChanged, refresh_case)
    events.subscribe(ExaminationEnds, lock_case_of_examination)
    events.subscribe(ExaminationChanged, summarise_case_of_examination)
    events.subscribe(ExaminationChanged, supersede_signed_without)
    events.subscribe(ProgramJoined, share_with_group)
    events.subscribe(DoubleReadingEnded, reviews_service.share)
    events.subscribe(DoubleReadingEnded, reader_findings_service.share)
    messages = Messages(settings)
    events.subscribe(AnalysisEnded, messages.of_job)
    events.subscribe(ReportSigned, messages.of_report)
    return events
