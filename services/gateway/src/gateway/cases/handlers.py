"""Handlers of events that change cases."""

from sqlalchemy.orm import Session

from gateway.cases.service import refresh
from gateway.jobs.events import AnalysisChanged


def refresh_case(session: Session, event: AnalysisChanged) -> None:
    """Bring the case of an analysed image up to what its images say now."""
    if event.job.image.case_id is not None:
        refresh(session, event.job.image.case_id)
