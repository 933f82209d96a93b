"""Events that jobs publish."""

from dataclasses import dataclass

from gateway.events import Event
from gateway.jobs.models import Job


@dataclass(frozen=True)
class AnalysisChanged(Event):
    """An analysis was opened, concluded, ended or started again: what is known of its image may be different now."""

    job: Job


@dataclass(frozen=True)
class AnalysisEnded(Event):
    """An analysis is done, failed, dead or cancelled."""

    job: Job
