"""Events that jobs publish."""

from dataclasses import dataclass

from gateway.events import Event
from gateway.jobs.models import Examination, Job


@dataclass(frozen=True)
class AnalysisChanged(Event):
    """An analysis was opened, concluded, ended or started again: the evidence of its image may have changed."""

    job: Job


@dataclass(frozen=True)
class AnalysisEnded(Event):
    """An analysis is done, failed, dead or cancelled."""

    job: Job


@dataclass(frozen=True)
class ExaminationEnds(Event):
    """A worker is about to end the reading of an examination; its step is not locked yet."""

    work: Examination


@dataclass(frozen=True)
class ExaminationChanged(Event):
    """The reading of an examination ended or was started again."""

    work: Examination
