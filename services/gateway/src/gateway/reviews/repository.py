"""Queries on reviews."""

from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from gateway.images.models import Image
from gateway.jobs.models import Job
from gateway.reviews.models import FindingReview, LastReviewChange


def of_case(session: Session, case_id: str, sheets: Sequence[str]) -> Sequence[FindingReview]:
    """The reviews of a case on these sheets, by analysis and finding."""
    query = select(FindingReview).where(FindingReview.case_id == case_id, FindingReview.sheet.in_(sheets))
    return session.scalars(query.order_by(FindingReview.job_id, FindingReview.finding)).all()


def all_of_case(session: Session, case_id: str) -> Sequence[FindingReview]:
    """The reviews of a case on all sheets, newest first."""
    query = select(FindingReview).where(FindingReview.case_id == case_id)
    return session.scalars(query.order_by(FindingReview.reviewed_at.desc())).all()


def share(session: Session, case_id: str) -> None:
    """Move the reviews of a case, one of each finding, to the sheet that all readers share; no change can be undone."""
    session.flush()
    session.execute(update(FindingReview).where(FindingReview.case_id == case_id).values(sheet=""))
    session.execute(delete(LastReviewChange).where(LastReviewChange.case_id == case_id))


def is_in_case(session: Session, job_id: str, case_id: str) -> bool:
    """Whether an analysis is, at this moment, of one of a case's images."""
    query = select(Job.id).join(Image, Image.id == Job.image_id)
    query = query.where(Job.id == job_id, Image.case_id == case_id, Image.apart.is_(False))
    return session.scalar(query) is not None


def find(session: Session, job_id: str, finding: str, sheet: str) -> FindingReview | None:
    """The review of one finding on a sheet."""
    return session.get(FindingReview, (job_id, finding, sheet))


def last_change(session: Session, case_id: str, sheet: str) -> LastReviewChange | None:
    """What the last change of a case's reviews on a sheet replaced."""
    return session.get(LastReviewChange, (case_id, sheet))


def delete_row(session: Session, review: FindingReview) -> None:
    """Delete a review."""
    session.delete(review)


def forget_change(session: Session, change: LastReviewChange) -> None:
    """Delete what the last change replaced: it can no longer be undone."""
    session.delete(change)


def move(session: Session, image_id: str, case_id: str | None) -> None:
    """Move the reviews of an image with it into another case; the last change can then no longer be undone.

    The reviews of an image that is taken out of its case stay with that case.
    """
    jobs = select(Job.id).where(Job.image_id == image_id)
    if case_id is not None:
        session.execute(update(FindingReview).where(FindingReview.job_id.in_(jobs)).values(case_id=case_id))
    session.execute(delete(LastReviewChange).where(LastReviewChange.job_id.in_(jobs)))


def delete_of_jobs(session: Session, job_ids: Sequence[str]) -> None:
    """Delete the reviews of analyses that are deleted."""
    session.execute(delete(FindingReview).where(FindingReview.job_id.in_(job_ids)))
