"""Handlers of events that change cases."""

from sqlalchemy.orm import Session

from gateway.cases import repository
from gateway.cases.joint_reading import case_of, remember
from gateway.cases.repository import share_unshared
from gateway.cases.service import refresh, summarise
from gateway.groups.events import ProgramJoined
from gateway.jobs.events import AnalysisChanged, ExaminationChanged, ExaminationEnds


def refresh_case(session: Session, event: AnalysisChanged) -> None:
    """Update the case of an analysed image."""
    if event.job.image.case_id is not None:
        refresh(session, event.job.image.case_id)


def lock_case_of_examination(session: Session, event: ExaminationEnds) -> None:
    """Lock the case first, in the order in which a request to read its films again locks case and step."""
    if repository.by_id_or_none(session, case_of(event.work)) is not None:
        repository.locked(session, case_of(event.work))


def summarise_case_of_examination(session: Session, event: ExaminationChanged) -> None:
    """Update the case whose films were read together: its conclusion depends on what has become of lesions."""
    case_id = case_of(event.work)
    if repository.by_id_or_none(session, case_id) is not None:
        session.flush()
        case, jobs = repository.locked(session, case_id), repository.latest_jobs(session, case_id)
        remember(session, case_id, jobs)
        summarise(session, case, jobs)


def share_with_group(session: Session, event: ProgramJoined) -> None:
    """Let a group see what a program has sent before it joined."""
    share_unshared(session, event.user_id, event.group_id)
