"""Confirming, dismissing and commenting on what the system found."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from gateway.cases import repository as cases
from gateway.cases.events import DoubleReadingEnded
from gateway.cases.models import Case
from gateway.cases.reading import check_free
from gateway.cases.reads import check_may_mark
from gateway.cases.sheets import Sheets, changed, check_unchanged, sheets_of
from gateway.clock import now
from gateway.errors import not_found
from gateway.jobs import repository as jobs
from gateway.jobs.models import Job
from gateway.jobs.results import read_result
from gateway.reviews import repository
from gateway.reviews.models import FindingReview, LastReviewChange
from gateway.reviews.schemas import COMMENT_MOST, OneChange, ReviewBefore, ReviewChange, ReviewWrite
from gateway.users.models import User
from lobule.contracts.case import Review, Verdict
from lobule.contracts.findings import WHOLE_IMAGE, reviewed_id
from lobule.storage import ObjectStore


def as_contract(review: FindingReview) -> Review:
    """A review as reports and the API show it."""
    return Review(
        job_id=review.job_id,
        finding=review.finding,
        finding_id=review.finding_id or reviewed_id(review.finding),
        verdict=review.verdict,
        comment=review.comment,
        reviewer=review.reviewer,
        reviewed_at=review.reviewed_at,
    )


def reviews_of(session: Session, case: Case, sheets: Sheets) -> list[Review]:
    """The reviews of a case as they are seen, one of each finding, by analysis and finding.

    If several readers reviewed a finding, the review of the arbiter counts. Without one a finding is confirmed that
    one of them confirmed, but where a case is arbitrated a finding on which its readers differ has no verdict, and says
    so: the arbiter has settled the breast and not whom to follow. The comments of all of them are kept.
    """
    rows = repository.of_case(session, case.id, sheets.shown)
    found: dict[tuple[str, str], list[FindingReview]] = {}
    for row in sorted(rows, key=lambda row: sheets.shown.index(row.sheet)):
        found.setdefault((row.job_id, row.finding), []).append(row)
    return [_merged(found[key], sheets) for key in sorted(found)]


def _merged(reviews: list[FindingReview], sheets: Sheets) -> Review:
    decisive = next((review for review in reviews if review.sheet == sheets.decisive), None)
    if decisive is not None:
        return as_contract(decisive)
    verdicts = {review.verdict for review in reviews}
    if sheets.decisive is not None and {"confirmed", "dismissed"} <= verdicts:
        names = dict.fromkeys(review.reviewer for review in reviews)
        newest = max(reviews, key=lambda review: review.reviewed_at)
        said = {"verdict": None, "readers_differ": True, "reviewer": ", ".join(names), "comment": _comments(reviews)}
        return as_contract(newest).model_copy(update=said)
    counts = min(reviews, key=lambda review: _WEIGHTS.index(review.verdict))  # the first of those
    return as_contract(counts).model_copy(update={"comment": _comments(reviews)})


def _comments(reviews: Sequence[FindingReview]) -> str:
    return "\n".join(dict.fromkeys(review.comment for review in reviews if review.comment))


_WEIGHTS: tuple[Verdict | None, ...] = ("confirmed", "dismissed", None)


@dataclass(frozen=True)
class Target:
    """What a review is about: an id, and its index in the result, which identified it before findings had ids."""

    id: str
    place: str


def find_target(store: ObjectStore, job: Job, finding: str) -> Target:
    """The target of a finding's id, its index in the result, or `image`.

    Raises:
        ProblemError: `not_found` or `result_not_ready`.
    """
    result = read_result(store, job)
    if finding == WHOLE_IMAGE:
        return Target(WHOLE_IMAGE, WHOLE_IMAGE)
    place = int(finding) if finding.isdigit() else result.place_of(finding)
    if place is None or place >= len(result.findings):
        raise not_found("finding", count=len(result.findings))
    return Target(result.findings[place].id, str(place))


@dataclass(frozen=True)
class Change:
    """The outcome of writing a review.

    Attributes:
        previous: The previous verdict.
        review: The current review; None if it was withdrawn.
        undone: Whether this undid the reviewer's last change.
    """

    previous: Verdict | None
    review: FindingReview | None
    undone: bool = False


def put(
    session: Session, case: Case, job: Job, target: Target, body: ReviewWrite, reviewer: User, if_match: str | None
) -> Change:
    """Write, change or (with neither verdict nor comment) withdraw a review.

    Raises:
        ProblemError: `case_changed` (412), `case_claimed` or `already_read` (409), `not_found` (404) if the image was
            taken out of the case meanwhile or its analysis deleted, or `forbidden` (403).
    """
    case = cases.locked(session, case.id)
    check_unchanged(session, case, reviewer, if_match)
    if not repository.is_in_case(session, job.id, case.id):
        raise not_found("analysis")
    check_free(case, reviewer)
    check_may_mark(session, case, reviewer)
    sheets = sheets_of(session, case, reviewer)
    review = repository.find(session, job.id, target.place, sheets.own)
    before = (review.verdict, review.comment) if review else (None, "")
    if before == (body.verdict, body.comment):
        return Change(before[0], review)
    changed(session, case, sheets)
    undone = _keep_way_back(session, case, sheets.own, job, target, before, body, reviewer)
    if body.verdict is None and not body.comment:
        assert review is not None, "what is taken back was there"
        repository.delete_row(session, review)
        return Change(before[0], None, undone)
    if review is None:
        review = FindingReview(job_id=job.id, finding=target.place, sheet=sheets.own)
        session.add(review)
    review.case_id = case.id  # it may have been made in another, which the image was taken out of
    review.finding_id, review.verdict, review.comment = target.id, body.verdict, body.comment
    review.reviewer_id, review.reviewer, review.reviewed_at = reviewer.id, reviewer.display_name, now()
    session.flush()
    return Change(before[0], review, undone)


def _keep_way_back(
    session: Session,
    case: Case,
    sheet: str,
    job: Job,
    target: Target,
    before: tuple[Verdict | None, str],
    body: ReviewWrite,
    reviewer: User,
) -> bool:
    """Store what a change replaces, for undo; returns whether this change is itself an undo."""
    last = repository.last_change(session, case.id, sheet)
    if body.undo:
        if last is None:  # an earlier change of the page, after its last one was undone
            return False
        if _undoes(last, job, target, body, reviewer):
            earlier = OneChange.model_validate(last.earlier) if last.earlier else None
            if earlier is None or jobs.by_id(session, earlier.job_id) is None:
                repository.forget_change(session, last)
            else:
                _set(last, earlier)
            return True
    earlier = _as_contract(last) if last and body.together and last.reviewer_id == reviewer.id else None
    if last is None:
        last = LastReviewChange(case_id=case.id, sheet=sheet)
        session.add(last)
    last.reviewer_id = reviewer.id
    replaced = ReviewBefore(verdict=before[0], comment=before[1])
    _set(last, OneChange(job_id=job.id, finding=target.place, finding_id=target.id, before=replaced), earlier)
    return False


def _set(last: LastReviewChange, change: OneChange, earlier: OneChange | None = None) -> None:
    last.job_id, last.finding, last.finding_id = change.job_id, change.finding, change.finding_id
    last.verdict, last.comment = change.before.verdict, change.before.comment
    last.earlier = earlier.model_dump() if earlier else None


def _as_contract(last: LastReviewChange) -> OneChange:
    before = ReviewBefore(verdict=last.verdict, comment=last.comment)
    finding_id = last.finding_id or reviewed_id(last.finding)
    return OneChange(job_id=last.job_id, finding=last.finding, finding_id=finding_id, before=before)


def _undoes(last: LastReviewChange, job: Job, target: Target, body: ReviewWrite, reviewer: User) -> bool:
    changed = (last.reviewer_id, last.job_id, last.finding, last.verdict, last.comment)
    return changed == (reviewer.id, job.id, target.place, body.verdict, body.comment)


def last_change(session: Session, case: Case, user: User) -> ReviewChange | None:
    """The last change of a case's reviews if this user made it, because nobody undoes the change of another user."""
    last = repository.last_change(session, case.id, sheets_of(session, case, user).own)
    if last is None or last.reviewer_id != user.id:
        return None
    earlier = OneChange.model_validate(last.earlier) if last.earlier else None
    return ReviewChange(**_as_contract(last).model_dump(), earlier=earlier)


def share(session: Session, event: DoubleReadingEnded) -> None:
    """Handle a case that all readers share from now on: of each finding, the newest review counts."""
    newest: dict[tuple[str, str], FindingReview] = {}
    rows = repository.all_of_case(session, event.case_id)
    for row in rows:
        kept = newest.setdefault((row.job_id, row.finding), row)
        if kept is not row:
            kept.comment = _joined(kept.comment, row.comment)
            repository.delete_row(session, row)
    repository.share(session, event.case_id)


def _joined(comment: str, older: str) -> str:
    """A comment with that of an older review below it, as far as there is room."""
    both = "\n".join(dict.fromkeys(text for text in (comment, older) if text))
    return both if len(both) <= COMMENT_MOST else comment
