"""The gateway's application: `uvicorn gateway.main:create_app --factory`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import RedirectResponse, Response

from gateway.api_document import install_document
from gateway.audit.anchors import Anchorer
from gateway.audit.reads import NoteReads, ReadJournal
from gateway.audit.refusals import NoteRefusals, RefusalJournal
from gateway.auth.login_places import LOGINS_AT_ONCE
from gateway.auth.pages import LoginRequiredError, PageForbiddenError
from gateway.auth.throttle import LoginThrottle
from gateway.background import BackgroundLoop
from gateway.body_limit import BodyLimit
from gateway.cases.events import DoubleReadingEnded
from gateway.cases.handlers import (
    lock_case_of_examination,
    refresh_case,
    share_with_group,
    summarise_case_of_examination,
)
from gateway.conditional import Conditional
from gateway.cross_origin import CrossOrigin, parse_origins
from gateway.database import make_engine, make_session_factory
from gateway.dicomweb.service import InstanceService
from gateway.errors import install_error_handlers
from gateway.events import Events
from gateway.fhir.outcomes import install_outcomes
from gateway.groups.events import ProgramJoined
from gateway.idempotency.middleware import IdempotencyMiddleware
from gateway.idempotency.service import install_replays
from gateway.images.identity import Fingerprints
from gateway.jobs.endings import Endings
from gateway.jobs.events import AnalysisChanged, AnalysisEnded, ExaminationChanged, ExaminationEnds
from gateway.jobs.progress import ProgressBoard
from gateway.jobs.progress_cache import ProgressResponseCache
from gateway.jobs.relay import Reaper, Relay
from gateway.middleware import AnswerWhenStopped, RequestContext
from gateway.modalities.service import Modalities
from gateway.names.policy import NamePolicy
from gateway.outages import install_outage_handlers
from gateway.pictures.service import PictureService
from gateway.portal.admin_pages import refuse as refuse_page
from gateway.portal.errors import install_error_pages
from gateway.portal.scripts import WebFiles
from gateway.ranges import Ranges
from gateway.reader_findings import service as reader_findings_service
from gateway.reports.events import ReportSigned
from gateway.reports.handlers import supersede_signed_without
from gateway.reviews import service as reviews_service
from gateway.routes import all_routes
from gateway.settings import GatewaySettings, get_settings
from gateway.sso.provider import Provider
from gateway.system.health import LoopBeat, Readiness, health_of
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


def create_app(settings: GatewaySettings | None = None) -> FastAPI:
    """The application, ready to be served; its loops start and end with the server."""
    settings = settings or get_settings()
    configure_logging("gateway", settings.log_format, settings.log_level)
    configure_tracing("gateway", settings.otlp_endpoint)
    app = FastAPI(
        title="Lobule",
        version=__version__,
        routes=all_routes(),
        description=f"Breast-cancer computer-aided diagnosis. {RESEARCH_USE_ONLY} Changes: `/api/changelog`.",
        lifespan=_run_loops,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    _make_services(app, settings)
    _add_error_handlers(app)
    install_replays(app)
    install_document(app)
    _add_middleware(app, settings)
    app.webhooks.include_router(webhooks.messages)
    # Only what holds no secret is compressed: compressed pages could be made to betray their CSRF token (BREACH).
    app.mount("/static", GZipMiddleware(WebFiles(), minimum_size=500), name="static")
    return app


def _make_services(app: FastAPI, settings: GatewaySettings) -> None:
    """Makes what requests and loops share, and keeps it in the application's state."""
    state = app.state
    state.settings = settings
    state.pdf_signer = settings.pdf_signer
    state.engine = make_engine(settings.database_url, impatient=True)
    events = _subscribed(settings)
    sessions = make_session_factory(state.engine, events, settings.audit_secret, settings.signing_keys)
    state.sessions = sessions
    state.redis = connect(settings.redis_url)
    celery = make_celery(settings.redis_url)
    cache = state.progress_cache = ProgressCache(state.redis)
    store = state.store = open_configured_store(settings)
    modalities = state.modalities = Modalities(sessions, cache)
    fingerprints = state.fingerprints = Fingerprints(settings.secret_key.get_secret_value())
    state.names = NamePolicy(settings, fingerprints)
    state.uploads = UploadService(sessions, store, fingerprints, modalities, settings, state.names)
    state.instances = InstanceService(sessions, store, fingerprints, modalities, state.uploads, settings.reading_rule)
    state.pictures = PictureService(store, celery, cache)
    state.progress, state.endings = ProgressBoard(cache), Endings(sessions)
    state.lookups = Lookups(settings)
    state.sso = Provider(settings)
    state.login_places = asyncio.Semaphore(LOGINS_AT_ONCE)
    state.throttle = LoginThrottle(state.redis, settings.login_attempts)
    state.relay = Relay(sessions, celery)
    state.reaper = Reaper(sessions, cache, modalities, settings)
    state.deliverer = Deliverer(sessions, settings)
    state.anchorer = Anchorer(sessions, settings.audit_secret, settings.audit_anchors)
    state.refusals, state.data_reads = RefusalJournal(sessions), ReadJournal(sessions)
    state.loop_beat = LoopBeat()
    state.readiness = Readiness(lambda: health_of(state))


@asynccontextmanager
async def _run_loops(app: FastAPI) -> AsyncIterator[None]:
    state = app.state
    loops = (
        BackgroundLoop("relay", state.relay.turn, state.relay.wake),
        BackgroundLoop("reaper", state.reaper.turn, state.reaper.stopped),
        BackgroundLoop("webhooks", state.deliverer.turn, state.deliverer.stopped),
        BackgroundLoop("anchors", state.anchorer.turn, state.anchorer.stopped),
        BackgroundLoop("refusals", state.refusals.turn, state.refusals.stopped),
        BackgroundLoop("reads", state.data_reads.turn, state.data_reads.stopped),
    )
    for loop in loops:
        loop.start()
    beating = asyncio.create_task(state.loop_beat.run())
    yield
    beating.cancel()
    for loop in loops:
        loop.close()
    state.engine.dispose()


def _add_error_handlers(app: FastAPI) -> None:
    install_error_handlers(app)
    install_outage_handlers(app)
    install_error_pages(app)
    install_outcomes(app)
    app.add_exception_handler(PageForbiddenError, refuse_page)

    @app.exception_handler(LoginRequiredError)
    async def ask_to_log_in(_request: Request, error: LoginRequiredError) -> Response:
        return RedirectResponse(error.location, status_code=303)


def _add_middleware(app: FastAPI, settings: GatewaySettings) -> None:
    """Adds the middleware, the innermost first."""
    app.add_middleware(IdempotencyMiddleware, sessions=app.state.sessions, settings=settings)
    app.add_middleware(NoteRefusals, journal=app.state.refusals)
    app.add_middleware(NoteReads, journal=app.state.data_reads)
    app.add_middleware(ProgressResponseCache, sessions=app.state.sessions)
    for middleware in (BodyLimit, Conditional, Ranges):
        app.add_middleware(middleware)
    app.add_middleware(CrossOrigin, origins=parse_origins(settings.cors_origins))
    app.add_middleware(AnswerWhenStopped)
    build = app.build_middleware_stack
    # Starlette answers a crash outside of what `add_middleware` adds.
    app.build_middleware_stack = lambda: RequestContext(build())


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
