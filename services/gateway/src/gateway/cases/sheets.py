"""Whose verdicts and findings of a case a user sees, and where their own are kept.

All readers of a case share one sheet. If a case is read twice each reader has their own, so that neither learns
anything of the other's until both have signed. The sheets of both, and of the arbiter, are then shown as one.
"""

import re
from dataclasses import dataclass

from sqlalchemy.orm import Session

from gateway.audit.service import record
from gateway.cases import repository, service
from gateway.cases.events import DoubleReadingEnded
from gateway.cases.models import BOTH, Case, ReadingSheet, Rule
from gateway.cases.repositories import reads
from gateway.events import publish
from gateway.users.models import User

SHARED = ""


@dataclass(frozen=True)
class Sheets:
    """The sheets of a case as one user sees them.

    Attributes:
        own: The sheet on which the user's entries are stored.
        shown: The sheets that the user sees, in the order of their readers.
        decisive: The one of these that counts where they differ; None if none does.
    """

    own: str = SHARED
    shown: tuple[str, ...] = (SHARED,)
    decisive: str | None = None


def sheets_of(session: Session, case: Case, user: User) -> Sheets:
    """The sheets of a case as a user sees them."""
    if not case.read_twice:
        return Sheets()
    if case.blind:
        return Sheets(user.id, (SHARED, user.id), user.id)
    readers = [read.reader_id for read in reads.standing(session, case)]
    arbiters = readers[BOTH:]
    if case.state == "arbitration" and user.id not in readers:
        arbiters = [user.id]
    return Sheets(user.id, (SHARED, *readers[:BOTH], *arbiters), arbiters[0] if arbiters else None)


def changed(session: Session, case: Case, sheets: Sheets) -> None:
    """Note a change on the user's own sheet; the case itself changes where all readers share it."""
    if sheets.own == SHARED:
        service.changed(case)
        return
    own_sheet(session, case, sheets).revision += 1


def own_sheet(session: Session, case: Case, sheets: Sheets) -> ReadingSheet:
    """The user's own sheet of a case that is read twice; begun if they had said nothing yet."""
    sheet = reads.sheet(session, case.id, sheets.own)
    if sheet is None:
        place = max(reads.count_sheets(session, case.id), case.reads)
        sheet = ReadingSheet(case_id=case.id, user_id=sheets.own, revision=0, place=place)
        session.add(sheet)
        session.flush()
    return sheet


def revision(session: Session, case: Case, user: User) -> int:
    """How often a user has changed their own sheet of a case."""
    sheet = reads.sheet(session, case.id, user.id) if case.read_twice else None
    return sheet.revision if sheet else 0


def etag(session: Session, case: Case, user: User) -> str:
    """The `ETag` of this state of a case, and of the user's own sheet, for `If-Match`."""
    own = revision(session, case, user)
    return service.etag(case) if own == 0 else f'{service.etag(case)[:-1]}+{own}"'


def check_unchanged(session: Session, case: Case, user: User, if_match: str | None) -> None:
    """Refuse a change of the user's own sheet that was based on an older state of it, or of the case.

    Raises:
        ProblemError: `case_changed`, 412.
    """
    service.check_unchanged(case, if_match)
    seen = [int(own) for own in re.findall(r'\+(\d+)"', if_match or "")]
    if if_match is not None and if_match.strip() != "*" and revision(session, case, user) not in (seen or [0]):
        raise service.case_changed()


def adopt(session: Session, rule: Rule | None) -> None:
    """Have all cases be read as the setting asks.

    A case that a reader has signed is read to its end as it was begun. If double reading is switched off, what the
    readers of other cases kept on sheets of their own moves to the one that all share.
    """
    for case in reads.with_separate_sheets(session) if rule is None else ():
        publish(session, DoubleReadingEnded(case.id))
        reads.forget_sheets(session, case.id)
        service.changed(case)
    changed = repository.set_rule(session, rule)
    if changed:
        record(session, None, "lobule", "case.reading_rule", detail={"rule": rule, "cases": changed})
