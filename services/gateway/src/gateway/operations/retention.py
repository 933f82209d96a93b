"""`lobule retention run`: deletes what has passed its retention period, and what nothing refers to.

A case is deleted as a whole, once nothing of it is younger than the limit; the audit log stays. Rows go first and
objects after them: what a crash leaves between the two belongs to nothing, and the next run finds it.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated

import structlog
import typer
from sqlalchemy import ColumnElement, Select, and_, delete, exists, not_, or_, select
from sqlalchemy.orm import Session, aliased

from gateway.auth.models import AuthSession
from gateway.cases.models import Case
from gateway.clock import now
from gateway.corrections.removal import delete_rows
from gateway.database import SessionFactory, make_engine, make_session_factory, reading
from gateway.images.models import Image
from gateway.jobs.models import Job, Rendering, Step, Work
from gateway.jobs.repository import delete_works
from gateway.reports.models import CaseReport
from gateway.reviews.models import FindingReview
from gateway.settings import GatewaySettings, get_settings
from gateway.webhooks.models import Delivery
from lobule import layout
from lobule.contracts.progress import FINAL_STATES
from lobule.storage import ObjectStore, open_configured_store
from lobule.telemetry import configure_logging

log = structlog.get_logger()
app = typer.Typer(no_args_is_help=True, help="Delete what is too old, and what belongs to nothing.")

_TOGETHER = 100  # rows that one transaction deletes
_ORPHAN_AGE = timedelta(hours=24)  # an upload is an object before it is a row
_MESSAGE_AGE = timedelta(days=30)


@dataclass
class Retention:
    """One run.

    Args:
        sessions: Of the database.
        store: Its objects.
        max_age: Older images, jobs and cases are deleted; None keeps all of them.
        dry_run: Only count.
    """

    sessions: SessionFactory
    store: ObjectStore
    max_age: timedelta | None
    dry_run: bool = False
    deleted: Counter[str] = field(default_factory=Counter[str])

    def run(self) -> Counter[str]:
        """Delete; returns how many of what."""
        if self.max_age is not None:
            limit = now() - self.max_age
            self._each("cases", _old_cases(limit), self._delete_case)
            self._each("images", _old_images(limit), delete_rows)
            self._each("renderings", _old_renderings(limit), _delete_rendering)
        self._orphans()
        if not self.dry_run:
            self._forgotten()
        return self.deleted

    def _each(self, what: str, query: Select[str], remove) -> None:
        while True:
            with reading(self.sessions) as session:
                ids = session.scalars(query if self.dry_run else query.limit(_TOGETHER)).all()
            self.deleted[what] += len(ids)
            if self.dry_run or not ids:
                return
            for each in ids:
                with self.sessions.begin() as session:
                    prefixes = list(remove(session, each))
                for prefix in prefixes:
                    self.store.delete(prefix)

    def _delete_case(self, session: Session, case_id: str) -> Iterator[str]:
        ours = Rendering.key.startswith(f"case:{case_id}:", autoescape=True)
        renderings = session.scalars(select(Rendering.id).where(ours)).all()
        session.execute(delete(FindingReview).where(FindingReview.case_id == case_id))
        session.execute(delete(CaseReport).where(CaseReport.case_id == case_id))
        yield from delete_works(session, list(renderings))
        for image in session.scalars(select(Image.id).where(Image.case_id == case_id)).all():
            yield from delete_rows(session, image)
        session.execute(delete(Case).where(Case.id == case_id))

    def _orphans(self) -> None:
        """Objects without a row, and the output of attempts that are no longer current."""
        before = now() - _ORPHAN_AGE
        young: set[layout.Place] = set()
        found: set[layout.Place] = set()
        for owner in layout.OWNERS:
            for entry in self.store.entries(owner):
                (young if entry.modified_at > before else found).add(layout.place_of(entry.key))
        for place in sorted(found - young):
            with reading(self.sessions) as session:
                known = session.get(Image if place.owner == "images" else Work, place.id) is not None
                overtaken = [] if not known or place.owner == "images" else _overtaken(session, place.id)
            for prefix in overtaken if known else [place.folder]:
                self.deleted["orphans" if not known else "overtaken attempts"] += 1
                if not self.dry_run:
                    self.store.delete(prefix)

    def _forgotten(self) -> None:
        """Expired sessions, and old messages that were delivered or given up."""
        with self.sessions.begin() as session:
            over = session.execute(delete(AuthSession).where(AuthSession.expires_at < now()))
            told = session.execute(
                delete(Delivery).where(Delivery.state != "pending", Delivery.created_at < now() - _MESSAGE_AGE)
            )
        self.deleted["sessions"] += over.rowcount  # pyright: ignore[reportAttributeAccessIssue]
        self.deleted["messages"] += told.rowcount  # pyright: ignore[reportAttributeAccessIssue]


def _delete_rendering(session: Session, rendering_id: str) -> list[str]:
    return delete_works(session, [rendering_id])


def _is_young(limit: datetime) -> ColumnElement[bool]:
    """Whether an image or its newest job is younger than the limit, or still running."""
    job = aliased(Job)
    busy = exists().where(
        job.image_id == Image.id,
        or_(job.created_at >= limit, job.finished_at >= limit, job.state.not_in(FINAL_STATES)),
    )
    return or_(Image.created_at >= limit, busy)


def _old_images(limit: datetime) -> Select[str]:
    return select(Image.id).where(Image.case_id.is_(None), not_(_is_young(limit)))


def _old_cases(limit: datetime) -> Select[str]:
    young_image = exists().where(Image.case_id == Case.id, _is_young(limit))
    return select(Case.id).where(Case.updated_at < limit, Case.created_at < limit, not_(young_image))


def _old_renderings(limit: datetime) -> Select[str]:
    """Old renderings that can be made again on request; those of signed reports are deleted with their case."""
    signed = Rendering.key.like("case:%:version:%")
    old = and_(Rendering.created_at < limit, Rendering.state.in_(FINAL_STATES))
    return select(Rendering.id).where(old, not_(signed))


def _overtaken(session: Session, job_id: str) -> list[str]:
    """Folders of attempts that are not the current one of a step that is over."""
    steps = session.scalars(select(Step).where(Step.job_id == job_id, Step.state == "done")).all()
    return [step.output_prefix(number) for step in steps for number in range(1, step.attempt)]


def make(settings: GatewaySettings, *, dry_run: bool = False) -> Retention:
    """A run as the settings ask for it."""
    sessions = make_session_factory(make_engine(settings.database_url))
    store = open_configured_store(settings)
    max_age = None if settings.retention_days is None else timedelta(days=settings.retention_days)
    return Retention(sessions, store, max_age, dry_run)


@app.callback()
def _group() -> None:
    """Delete what has passed its retention period, and what nothing refers to."""


@app.command()
def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say how much would be deleted")] = False,
    every_hours: Annotated[float | None, typer.Option(help="go on, and run this often")] = None,
) -> None:
    """Delete what is older than LOBULE_RETENTION_DAYS (unset: nothing), and what nothing refers to."""
    settings = get_settings()
    configure_logging("retention", settings.log_format, settings.log_level)
    while True:
        log.info("retention", dry_run=dry_run, **make(settings, dry_run=dry_run).run())
        if every_hours is None:
            return
        time.sleep(every_hours * 3600)
