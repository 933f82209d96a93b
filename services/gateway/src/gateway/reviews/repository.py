"""Queries on reviews."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.reviews.models import FindingReview, LastReviewChange


def of_case(session: Session, case_id: str) -> Sequence[FindingReview]:
    """The reviews of a case, by analysis and finding."""
    query = select(FindingReview).where(FindingReview.case_id == case_id)
    return session.scalars(query.order_by(FindingReview.job_id, FindingReview.finding)).all()


def find(session: Session, job_id: str, finding: str) -> FindingReview | None:
    """The review of one finding."""
    return session.get(FindingReview, (job_id, finding))


def last_change(session: Session, case_id: str) -> LastReviewChange | None:
    """What the last change of a case's reviews replaced."""
    return session.get(LastReviewChange, case_id)
