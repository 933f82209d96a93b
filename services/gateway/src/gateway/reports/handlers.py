"""Handlers of events that supersede what was signed."""

from typing import Any

from sqlalchemy.orm import Session

from gateway.cases import joint_reading, service
from gateway.cases import repository as cases
from gateway.cases.models import Case
from gateway.cases.repositories.reads import standing
from gateway.jobs.events import ExaminationChanged
from gateway.reports import repository


def supersede_signed_without(session: Session, event: ExaminationChanged) -> None:
    """Supersede a report, and reads, that were signed before the films of their case were read together.

    They number findings film by film, and everything that is shown or sent from now on numbers them by lesion.
    """
    case_id = joint_reading.case_of(event.work)
    if event.work.state != "done" or cases.by_id_or_none(session, case_id) is None:
        return
    case = cases.locked(session, case_id)
    reads = [read.content for read in standing(session, case)]
    if any(content.get("examination") is None for content in (*reads, *_in_force(session, case))):
        if reads:
            service.supersede_reads(case)
        service.changed(case)


def _in_force(session: Session, case: Case) -> list[dict[str, Any]]:
    """The content of the report that was signed of the case as it is; empty if there is none."""
    if case.signed_version is None or case.signed_revision != case.revision:
        return []
    report = repository.version(session, case.id, case.signed_version)
    return [report.content] if report else []
