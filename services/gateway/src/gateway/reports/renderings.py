"""Renderings that the report service makes at the first request, and that are stored."""

import contextlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from fastapi import Request
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import State

from gateway.cases import repository as cases
from gateway.database import SessionFactory, read
from gateway.errors import ProblemError
from gateway.jobs import on_request
from gateway.jobs.models import Rendering
from gateway.jobs.queues.lanes import Requester
from gateway.reports import repository
from gateway.reports.content import signed_content
from gateway.reports.models import CaseReport
from gateway.reports.schemas import RenderingsCreate
from gateway.reports.signatures import check
from gateway.reports.signed_pdf import Rendered, SignedPdf
from gateway.streaming import StoredFile, held_file, stored_file
from lobule import layout
from lobule.contracts.case import REPORT_FILES, RenderRequest, ReportForm
from lobule.contracts.language import Language
from lobule.contracts.progress import FINAL_STATES
from lobule.layout import report_file
from lobule.storage import ObjectNotFoundError, ObjectStore

_PATIENCE_S = 20.0
_FAILED = ("failed", "dead", "cancelled")


@dataclass(frozen=True)
class RenderingSpec:
    """A rendering that exists or has to be made.

    Attributes:
        key: Names exactly what is rendered.
        owner_id: Whose it is.
        requester: The user who requests it, if it has to be made.
        request: What to ask the report service for, if it has to be made.
        lock: Locks what it shows, so that nothing is deleted between its last look and the note of the rendering, which
            is deleted with it. Raises a `ProblemError` if it was deleted or changed.
        signs: Gives the PDF of a signed version its signature; see `gateway.reports.signed_pdf`.
    """

    key: str
    owner_id: str
    requester: Requester
    request: Callable[[], RenderRequest]
    lock: Callable[[Session], object]
    signs: SignedPdf | None = None


def of_version(
    report: CaseReport, owner_id: str, requester: Requester, language: Language, form: ReportForm
) -> RenderingSpec:
    """A signed version in a language and form, made from its stored content."""

    def request() -> RenderRequest:
        return RenderRequest(case=signed_content(report), languages=[language], forms=[form])

    signs = SignedPdf(report.case_id, report.version, report.sha256, language) if form == "pdf" else None
    lock = partial(cases.locked, case_id=report.case_id)
    return RenderingSpec(report.key(language, form), owner_id, requester, request, lock, signs)


def ensure(session: Session, report: CaseReport, owner_id: str, requester: Requester, wanted: RenderingsCreate) -> None:
    """Request the rendering of a signed version unless it exists; with `anew`, also if it exists.

    Raises:
        ProblemError: `report_altered` or `signing_key_unknown`, 500.
    """
    check(session, report)
    for language, form in itertools.product(wanted.languages, wanted.forms):
        one = of_version(report, owner_id, requester, language, form)
        rendering = _locked(session, one)
        if rendering is not None and rendering.state == "done" and wanted.anew:
            on_request.render_again(session, rendering, one.request(), requester=requester)
        else:
            _open_or_retry(session, one, rendering)


async def fetch(
    request: Request, wanted: RenderingSpec, language: Language, form: ReportForm
) -> tuple[StoredFile, str]:
    """The file and media type of a rendering. It is made now if it does not exist or has failed.

    Raises:
        ProblemError: `report_not_ready` (503, with Retry-After) where it takes longer than a request may,
            `report_failed` (500) if it cannot be made, `report_altered` (500) if the file is not the one that
            the report service made, and what a signed PDF raises (`gateway.reports.signed_pdf`).
    """
    state, name = request.app.state, report_file(language, form)

    def look(rendering: Rendering) -> StoredFile | None:
        found = _newest(state.store, rendering, name)
        if found is None:
            return None
        if wanted.signs is None or state.pdf_signer is None:
            return found.checked()
        signed = wanted.signs.read(state.sessions, state.store, state.pdf_signer, found)
        return None if signed is None else held_file(signed)

    rendering = await _made(state, await run_in_threadpool(_find_or_open, state.sessions, wanted))
    file = await run_in_threadpool(look, rendering)
    if file is None and rendering.state == "done":  # missing, or to be signed and of an earlier report service
        rendering = await _made(state, await run_in_threadpool(_repeat, state.sessions, wanted))
        file = await run_in_threadpool(look, rendering)
    if file is None and rendering.state == "done":
        raise ProblemError(503, "report_not_ready", "rendering", headers={"Retry-After": "2"})
    if file is None:
        error = rendering.error()
        raise ProblemError(500, "report_failed", "because", values={"problem": error.detail if error else ""})
    return file, REPORT_FILES[form][1]


async def _made(state: State, rendering: Rendering) -> Rendering:
    """The rendering once it has ended.

    Raises:
        ProblemError: `report_not_ready`, 503, or `not_found`, 404, if what it shows was removed meanwhile.
    """
    if rendering.state not in FINAL_STATES:
        await state.endings.wait(rendering.id, _PATIENCE_S)
        rendering = await run_in_threadpool(_look, state.sessions, rendering.id)
    if rendering.state not in FINAL_STATES:
        raise ProblemError(503, "report_not_ready", "rendering", headers={"Retry-After": "2"})
    return rendering


def _newest(store: ObjectStore, rendering: Rendering, name: str) -> Rendered | None:
    """The file of the newest attempt that left one; a failed attempt removes nothing."""
    step = rendering.step("render")
    for attempt in range(step.attempt, 0, -1):
        folder, said = step.output_prefix(attempt), (step.files or {}).get(str(attempt), {})
        with contextlib.suppress(ObjectNotFoundError):
            return Rendered(folder, stored_file(store, layout.file_key(folder, name)), said.get(name))
    return None


def _look(sessions: SessionFactory, rendering_id: str) -> Rendering:
    rendering = read(sessions, lambda session: repository.rendering_by_id(session, rendering_id))
    if rendering is None:
        raise ProblemError(404, "not_found", "removed_report")
    return rendering


def _repeat(sessions: SessionFactory, wanted: RenderingSpec) -> Rendering:
    with sessions.begin() as session:
        rendering = _locked(session, wanted)
        if rendering is not None and rendering.state == "done":
            on_request.render_again(session, rendering, wanted.request(), requester=wanted.requester)
            return rendering
    return _find_or_open(sessions, wanted)


def _find_or_open(sessions: SessionFactory, wanted: RenderingSpec) -> Rendering:
    rendering = read(sessions, lambda session: repository.rendering(session, wanted.key))
    if rendering is not None and rendering.state not in _FAILED:
        return rendering
    try:
        with sessions.begin() as session:
            return _open_or_retry(session, wanted, _locked(session, wanted))
    except IntegrityError:  # somebody else asked at the same moment
        rendering = read(sessions, lambda session: repository.rendering(session, wanted.key))
        assert rendering is not None, "its key is taken"
        return rendering


def _locked(session: Session, wanted: RenderingSpec) -> Rendering | None:
    """The rendering, if there is one; what it shows stays until the transaction ends."""
    wanted.lock(session)
    return repository.rendering(session, wanted.key)


def _open_or_retry(session: Session, wanted: RenderingSpec, rendering: Rendering | None) -> Rendering:
    if rendering is None:
        return on_request.open_rendering(
            session, wanted.owner_id, wanted.key, wanted.request(), requester=wanted.requester
        )
    if rendering.state in _FAILED:
        on_request.render_again(session, rendering, wanted.request(), requester=wanted.requester)
    return rendering
