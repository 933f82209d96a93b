"""Queries that delete a case, and count what goes with it."""

from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from gateway.cases.models import Case
from gateway.dicomweb.models import ResultInstance
from gateway.images.models import Image
from gateway.jobs.models import Job
from gateway.reader_findings.models import DrawnFinding
from gateway.reader_findings.repository import delete_of_case as delete_drawn
from gateway.reports.models import CaseReport
from gateway.reviews.models import FindingReview


def image_ids(session: Session, case_id: str) -> Sequence[str]:
    """Ids of the images of a case, in their order."""
    return session.scalars(select(Image.id).where(Image.case_id == case_id).order_by(Image.id)).all()


def instances(session: Session, case_id: str) -> Sequence[str]:
    """Ids of the DICOM objects that were made of a case; their rows go with the case's."""
    return session.scalars(select(ResultInstance.id).where(ResultInstance.case_id == case_id)).all()


def analyses(session: Session, image_ids: Sequence[str]) -> int:
    """How many analyses these images have."""
    return session.scalar(select(func.count()).select_from(Job).where(Job.image_id.in_(image_ids))) or 0


def reviews_of_image(session: Session, image_id: str, sheets: Sequence[str]) -> int:
    """How many reviews the analyses of an image have on these sheets."""
    jobs = select(Job.id).where(Job.image_id == image_id)
    query = select(func.count()).select_from(FindingReview)
    return session.scalar(query.where(FindingReview.job_id.in_(jobs), FindingReview.sheet.in_(sheets))) or 0


def drawn_on_image(session: Session, image_id: str, sheets: Sequence[str]) -> int:
    """How many findings readers drew on an image, on these sheets."""
    query = select(func.count()).select_from(DrawnFinding)
    return session.scalar(query.where(DrawnFinding.image_id == image_id, DrawnFinding.sheet.in_(sheets))) or 0


def delete_documents(session: Session, case_id: str) -> None:
    """Delete the reviews, what readers drew, and the signed reports of a case."""
    delete_drawn(session, case_id)
    session.execute(delete(FindingReview).where(FindingReview.case_id == case_id))
    session.execute(delete(CaseReport).where(CaseReport.case_id == case_id))


def delete_row(session: Session, case_id: str) -> None:
    """Delete the row of a case that has no images."""
    session.execute(delete(Case).where(Case.id == case_id))
