"""What the worklist shows in a row beyond the case itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.orm import Session

from gateway.cases.models import Case
from gateway.cases.repositories import lists
from gateway.cases.repositories.lists import Read
from gateway.users.models import User
from lobule.contracts.breasts import BreastConclusion, BreastConclusions
from lobule.contracts.case import ReadRole
from lobule.contracts.examination import LesionSite, SinceEarlier

_NOTHING = lists.ImageSummary(views=0, earlier=0)
_APART = lists.JointReading(pending=False, since=SinceEarlier(), leading=None)


@dataclass(frozen=True)
class Step:
    """How far the analysis of a case is. Each image is a step, and so is the joint reading of films."""

    number: int
    count: int


@dataclass(frozen=True)
class Categories:
    """BI-RADS categories of a case.

    Attributes:
        right: Category of the right breast, `4 / 5` if two readers differ; empty if nothing was stated.
        left: Category of the left breast, likewise.
        origin: Source: the signed report in force, a superseded one, or reads without a report yet.
    """

    right: str
    left: str
    origin: Literal["signed", "superseded", "read"]


@dataclass(frozen=True)
class Row:
    """A row of the worklist.

    Attributes:
        views: How many of the four screening views are there.
        earlier: How many earlier examinations of the patient there are.
        since: What the joint reading found since earlier examinations.
        leading: Site of the suspicion; None if no breast determines the assessment, or without a joint reading.
        step: How far its analysis is; None if nothing is under way.
        signed_reads: How many of two readers have signed.
        reads: Signed reads that the user may know of, by the reader's role.
        categories: What was stated; None if nothing was, or the user may not know it.
    """

    views: int
    earlier: int
    since: SinceEarlier
    leading: LesionSite | None
    step: Step | None
    signed_reads: int
    reads: dict[ReadRole, Read]
    categories: Categories | None


def rows_of(session: Session, user: User, cases: Sequence[Case]) -> dict[str, Row]:
    """The rows of a page of the worklist, by case."""
    shown = lists.image_summaries(session, user, cases)
    reads = lists.signed_reads(session, user, cases)
    together = lists.joint_readings(session, cases)
    return {
        case.id: Row(
            views=shown.get(case.id, _NOTHING).views,
            earlier=shown.get(case.id, _NOTHING).earlier,
            since=together.get(case.id, _APART).since,
            leading=together.get(case.id, _APART).leading,
            step=_step(case, pending=together.get(case.id, _APART).pending),
            signed_reads=case.reads if case.read_twice else 0,
            reads={read.role: read for read in reads.get(case.id, [])},
            categories=_categories(case, reads.get(case.id, [])),
        )
        for case in cases
    }


def _step(case: Case, *, pending: bool) -> Step | None:
    count = case.images_total + case.has_films
    if case.state == "analysing":
        return Step(case.images_done + case.images_failed + 1, count)
    return Step(count, count) if pending else None


def _categories(case: Case, reads: Sequence[Read]) -> Categories | None:
    """Of the report in force; else of what readers have signed since; else of the report that was superseded."""
    signed = BreastConclusions.model_validate(case.signed_breasts) if case.signed_breasts else None
    if case.state == "signed" or not reads:
        if signed is None:
            return None
        return _joined([signed], "signed" if case.state == "signed" else "superseded")
    return _joined([read.breasts for read in reads if read.breasts], "read")


def _joined(stated: Sequence[BreastConclusions], origin: Literal["signed", "superseded", "read"]) -> Categories:
    return Categories(
        right=_different([each.right for each in stated]),
        left=_different([each.left for each in stated]),
        origin=origin,
    )


def _different(given: Sequence[BreastConclusion | None]) -> str:
    """The categories of a breast as its readers stated them, each once."""
    return " / ".join(dict.fromkeys(str(each.bi_rads) for each in given if each is not None))
