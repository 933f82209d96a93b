"""Queues and work as an administrator sees them."""

from datetime import datetime

from pydantic import BaseModel, Field

from gateway.jobs.models import Job, Opinion, Work, WorkKind
from lobule.contracts.progress import JobState, StepError


class QueueRead(BaseModel):
    """The present state of a queue."""

    queue: str = Field(description="name of the queue")
    waiting: int = Field(description="steps that wait for a worker")
    running: int = Field(description="steps under a lease")
    oldest_s: float | None = Field(description="seconds for which the oldest step has waited")
    workers: int | None = Field(description="workers that are ready; null if Redis cannot be reached")


class WorkRead(BaseModel):
    """An analysis, a rendering, the reading of an examination or the opinion of a region."""

    id: str = Field(description="identifier of the work")
    kind: WorkKind = Field(
        description="an analysis of an image, a rendering of a report, the reading of a case's films together, or the "
        "opinion of a region that a reader drew"
    )
    subject: str = Field(description="identifier of the analysis, the opinion, or the report or case")
    owner: str = Field(description="user name of the owner")
    state: JobState = Field(description="state")
    step: str | None = Field(description="present step")
    tries: int = Field(description="number of times that a worker started it")
    worker: str | None = Field(description="worker that has it, or had it last; null before the first")
    created_at: datetime = Field(description="time of the request")
    finished_at: datetime | None = Field(description="when it ended; null until then")
    error: StepError | None = Field(description="error, if it failed; otherwise null")

    @classmethod
    def of(cls, work: Work, owner: str) -> "WorkRead":
        """A piece of work as the API shows it."""
        step = next((step for step in work.steps if step.state != "done"), None)
        # No file's name: it may be a patient's. No region's key: it tells that somebody drew on a case read apart.
        subject = work.id if isinstance(work, (Job, Opinion)) else work.key
        return cls(
            id=work.id,
            kind=work.kind,
            subject=subject,
            owner=owner,
            state=work.state,
            step=step.name if step else None,
            tries=step.tries if step else 0,
            worker=step.worker if step else None,
            created_at=work.created_at,
            finished_at=work.finished_at,
            error=work.error(),
        )


class WorkPage(BaseModel):
    """A page of work, newest first."""

    items: list[WorkRead] = Field(description="the work of this page")
    next_cursor: str | None = Field(description="value of `cursor` for the next page; null on the last page")


class Redriven(BaseModel):
    """How much work was started again: analyses, renderings, readings of examinations, and opinions."""

    count: int = Field(description="number of pieces of work that were started again")
    claimed: int = Field(description="number of those that were not, because somebody else has claimed their case")
