"""Renderings that are made when somebody first asks for them, by the report service, and kept."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from gateway.database import SessionFactory, reading
from gateway.errors import ProblemError
from gateway.jobs import service as jobs
from gateway.jobs.models import Rendering
from gateway.reports import repository
from lobule.contracts.case import REPORT_FILES, RenderRequest, ReportForm, report_file
from lobule.contracts.language import Language
from lobule.contracts.progress import FINAL_STATES

_LOOK_EVERY_S = 0.05
_PATIENCE_S = 20.0


@dataclass(frozen=True)
class Wanted:
    """A rendering that may be there, or may have to be made.

    Attributes:
        key: Names exactly what is rendered.
        owner_id: Whose it is.
        request: What to ask the report service for; None where that was done long ago.
    """

    key: str
    owner_id: str
    request: RenderRequest | None


async def fetch(request: Request, wanted: Wanted, language: Language, form: ReportForm) -> tuple[bytes, str]:
    """A rendering's bytes and media type, made now where nobody asked for it before.

    Raises:
        ProblemError: `report_not_ready` (503, with Retry-After) where it takes longer than a request may,
            `report_failed` (500) where it cannot be made.
    """
    state = request.app.state
    rendering = await run_in_threadpool(_find_or_open, state.sessions, wanted)
    deadline = time.monotonic() + _PATIENCE_S
    while rendering.state not in FINAL_STATES:
        if time.monotonic() > deadline:
            detail = "The report is still being made. Please try again in a moment."
            raise ProblemError(503, "report_not_ready", detail, headers={"Retry-After": "2"})
        await asyncio.sleep(_LOOK_EVERY_S)
        rendering = await run_in_threadpool(_look, state.sessions, rendering.id)
    if rendering.state != "done":
        detail = f"The report could not be made: {rendering.error_detail} Ask for it again to have it tried again."
        raise ProblemError(500, "report_failed", detail)
    prefix = rendering.step("render").output_prefix()
    content = await run_in_threadpool(state.store.get, f"{prefix}/{report_file(language, form)}")
    return content, REPORT_FILES[form][1]


def _look(sessions: SessionFactory, rendering_id: str) -> Rendering:
    with reading(sessions) as session:
        return session.get_one(Rendering, rendering_id)


def _find_or_open(sessions: SessionFactory, wanted: Wanted) -> Rendering:
    def find(session: Session) -> Rendering | None:
        return repository.rendering(session, wanted.key)

    with reading(sessions) as session:
        rendering = find(session)
    if rendering is not None and rendering.state not in ("failed", "dead", "cancelled"):
        return rendering
    try:
        with sessions.begin() as session:
            return _open_or_retry(session, wanted, find)
    except IntegrityError:  # somebody else asked at the same moment
        with reading(sessions) as session:
            rendering = find(session)
            assert rendering is not None, "its key is taken"
            return rendering


def _open_or_retry(session: Session, wanted: Wanted, find: Callable[[Session], Rendering | None]) -> Rendering:
    rendering = find(session)
    if rendering is None:
        assert wanted.request is not None, "a signed version is rendered when it is signed"
        return jobs.open_rendering(session, wanted.owner_id, wanted.key, wanted.request)
    if rendering.state in ("failed", "dead", "cancelled"):
        jobs.retry(session, rendering)
    return rendering
