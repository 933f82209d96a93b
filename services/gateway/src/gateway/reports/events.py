"""Events that reports publish."""

from dataclasses import dataclass

from gateway.cases.models import Case
from gateway.events import Event
from gateway.reports.models import CaseReport


@dataclass(frozen=True)
class ReportSigned(Event):
    """A version of a case's report was signed."""

    case: Case
    report: CaseReport
