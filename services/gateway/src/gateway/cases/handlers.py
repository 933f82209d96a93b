"""Handlers of events that change cases."""

from sqlalchemy.orm import Session

from gateway.cases.repository import share_unshared
from gateway.cases.service import refresh
from gateway.groups.events import ProgramJoined
from gateway.jobs.events import AnalysisChanged


def refresh_case(session: Session, event: AnalysisChanged) -> None:
    """Update the case of an analysed image."""
    if event.job.image.case_id is not None:
        refresh(session, event.job.image.case_id)


def share_with_group(session: Session, event: ProgramJoined) -> None:
    """Let a group see what a program has sent before it joined."""
    share_unshared(session, event.user_id, event.group_id)
