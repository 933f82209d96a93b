"""`lobule retention run`: deletes what has passed its retention period, and what nothing refers to.

A case is deleted as a whole, once nothing of it is younger than the limit; the audit log stays. Rows go first and
objects after them: objects that a crash leaves between the two are unreferenced, and the next run deletes them.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Annotated

import structlog
import typer
from sqlalchemy.orm import Session

from gateway.audit.models import RETENTION_ENDED
from gateway.audit.service import record
from gateway.clock import now
from gateway.command_line import commands, end_on_sigterm, fail, settings_at, tell_what_is_changed
from gateway.corrections import removal
from gateway.database import SessionFactory, make_engine, make_session_factory, read
from gateway.deletion import service as deletion
from gateway.idempotency import repository as keyed_requests
from gateway.idempotency.service import KEPT_FOR
from gateway.jobs.repository import delete_works
from gateway.operations.clock_check import ClockError, check_clock
from gateway.operations.repositories import retention as repository
from gateway.settings import GatewaySettings
from lobule import layout
from lobule.cli.common import DEFAULT_HOME, HomeFolder, words
from lobule.command_line import no_nan
from lobule.storage import ObjectStore, StoredObject, open_configured_store
from lobule.telemetry import configure_logging

log = structlog.get_logger()
app = commands("Delete old images and jobs, and orphaned objects.")

_TOGETHER = 100  # rows that one transaction deletes
_ORPHAN_AGE = timedelta(hours=24)  # an upload's object exists before its row
_MESSAGE_AGE = timedelta(days=30)
_ACTOR = "retention"
"""Who deletes, in the audit log."""


@dataclass
class Retention:
    """One run.

    Args:
        sessions: Opens transactions.
        store: The object store.
        max_age: Age from which images, jobs and cases are deleted; None keeps all of them.
        dry_run: Whether to count only.
        after_pause: Whether more than seven days may have passed since the last run.
    """

    sessions: SessionFactory
    store: ObjectStore
    max_age: timedelta | None
    dry_run: bool = False
    after_pause: bool = False
    deleted: Counter[str] = field(default_factory=Counter[str])

    def run(self) -> Counter[str]:
        """Delete; returns how many of what.

        Raises:
            ClockError: The clock may be wrong; nothing was deleted.
        """
        read(self.sessions, partial(check_clock, after_pause=self.after_pause))
        if self.max_age is not None:
            limit = now() - self.max_age
            self._each("cases", repository.old_cases, limit, _delete_case)
            self._each("images", repository.old_images, limit, _delete_image)
            self._each("renderings", repository.old_renderings, limit, lambda session, id: delete_works(session, [id]))
        self._orphans()
        self._keys()
        self._previews()
        if not self.dry_run:
            self.deleted["partial objects"] += self.store.forget_partial(now() - _ORPHAN_AGE)
            self._forgotten()
            self._note()
        return self.deleted

    def _each(
        self,
        what: str,
        find: Callable[..., Sequence[str]],
        limit: datetime,
        remove: Callable[[Session, str], list[str]],
    ) -> None:
        while True:
            ids = read(self.sessions, lambda session: find(session, limit, None if self.dry_run else _TOGETHER))
            if self.dry_run:
                self.deleted[what] += len(ids)
            if self.dry_run or not ids:
                return
            for each in ids:
                with self.sessions.begin() as session:
                    if not find(session, limit, 1, each):  # something came since it was looked for
                        continue
                    prefixes = remove(session, each)
                self.deleted[what] += 1
                for prefix in prefixes:
                    self.store.delete(prefix)

    def _orphans(self) -> None:
        """Objects without a row, and the output of attempts that are no longer current."""
        for owner in layout.OWNERS:
            for place, entries in groupby(self.store.entries(owner), lambda entry: layout.place_of(entry.key)):
                self._orphans_at(place, entries)

    def _orphans_at(self, place: layout.Place, entries: Iterable[StoredObject]) -> None:
        before = now() - _ORPHAN_AGE
        old, young = set[str](), set[str]()  # folders of the row, and of attempts, that hold something so old
        for entry in entries:
            (young if entry.modified_at > before else old).update(layout.folders_of(entry.key))
        if not old:
            return
        what, prefixes = read(self.sessions, partial(_unnamed, place))
        for prefix in sorted((old - young).intersection(prefixes)):
            self.deleted[what] += 1
            if not self.dry_run:
                self.store.delete(prefix)

    def _keys(self) -> None:
        """Data keys of an encrypted store whose image, instance or work there is no row of."""
        before = now() - _ORPHAN_AGE
        for entry in self.store.entries(layout.KEYS):
            place = layout.place_of(entry.key.partition("/")[2])
            if entry.modified_at > before or place.owner not in layout.OWNERS:
                continue
            if not read(self.sessions, partial(repository.is_known, place=place)):
                self.deleted["keys"] += 1
                if not self.dry_run:
                    self.store.delete(entry.key)

    def _previews(self) -> None:
        """Previews whose deletion was forgotten, as when Redis has lost its data."""
        before = now() - _ORPHAN_AGE
        for entry in self.store.entries("previews"):
            if entry.modified_at <= before:
                self.deleted["previews"] += 1
                if not self.dry_run:
                    self.store.delete(entry.key)

    def _note(self) -> None:
        """Write how many of what were deleted into the audit log; cases and images have an event each as well."""
        with self.sessions.begin() as session:
            record(session, None, _ACTOR, RETENTION_ENDED, detail=dict(+self.deleted))

    def _forgotten(self) -> None:
        """Expired sessions, old messages that were delivered or given up, and old answers of requests with a key."""
        with self.sessions.begin() as session:
            self.deleted["sessions"] += repository.delete_expired_logins(session)
            self.deleted["messages"] += repository.delete_messages(session, now() - _MESSAGE_AGE)
            self.deleted["keyed answers"] += keyed_requests.forget(session, now() - KEPT_FOR)


def _delete_case(session: Session, case_id: str) -> list[str]:
    prefixes = deletion.delete_rows(session, case_id)
    record(session, None, _ACTOR, "case.delete", "case", case_id, {"prefixes": prefixes})
    return prefixes


def _delete_image(session: Session, image_id: str) -> list[str]:
    prefixes = removal.delete_rows(session, image_id)
    record(session, None, _ACTOR, "image.remove", "image", image_id, {"prefixes": prefixes})
    return prefixes


def _unnamed(place: layout.Place, session: Session) -> tuple[str, list[str]]:
    """Prefixes below a folder that no row refers to, with their kind."""
    if not repository.is_known(session, place):
        return "orphans", [place.folder]
    return "overtaken attempts", _overtaken(session, place.id) if place.owner == "jobs" else []


def _overtaken(session: Session, job_id: str) -> list[str]:
    """Folders of superseded attempts of steps that have ended."""
    steps = repository.steps_done(session, job_id)
    return [step.output_prefix(number) for step in steps for number in range(1, step.attempt)]


def make(settings: GatewaySettings, *, dry_run: bool = False, after_pause: bool = False) -> Retention:
    """A run with the configured limits."""
    sessions = make_session_factory(make_engine(settings.database_url), audit_key=settings.audit_secret)
    store = open_configured_store(settings)
    max_age = None if settings.retention_days is None else timedelta(days=settings.retention_days)
    return Retention(sessions, store, max_age, dry_run, after_pause)


@app.callback()
def _group() -> None:
    """Delete what has passed its retention period, and what nothing refers to."""


@app.command()
def run(
    home: HomeFolder = DEFAULT_HOME,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="print how much would be deleted, and delete nothing")
    ] = False,
    after_pause: Annotated[
        bool, typer.Option("--after-pause", help="delete although the last run was more than seven days ago")
    ] = False,
    every_hours: Annotated[
        float | None, typer.Option(min=0.1, callback=no_nan, help="repeat every so many hours")
    ] = None,
) -> None:
    """Delete images and jobs older than LOBULE_RETENTION_DAYS (unset: none), and objects that nothing refers to."""
    settings = settings_at(home)
    if every_hours is None:
        tell_what_is_changed(settings)
    else:
        end_on_sigterm()
    configure_logging("retention", settings.log_format, settings.log_level)
    while True:
        try:
            log.info("retention", dry_run=dry_run, **make(settings, dry_run=dry_run, after_pause=after_pause).run())
        except ClockError as error:
            log.error("retention_refused", code=error.code, **error.values)
            if every_hours is None:
                raise fail(error.sentence(words())) from None
        if every_hours is None:
            return
        time.sleep(every_hours * 3600)
