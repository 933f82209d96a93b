"""Queues and work as an administrator sees them."""

from datetime import datetime

from pydantic import BaseModel, Field

from gateway.jobs.models import Job, Opinion, Work, WorkKind
from lobule.contracts.progress import JobState, StepError


class QueueRead(BaseModel):
    """One queue, now."""

    queue: str = Field(description="name of the queue")
    waiting: int = Field(description="steps that wait for a worker")
    running: int = Field(description="steps under a lease")
    oldest_s: float | None = Field(description="seconds that the oldest waiting step has waited")
    workers: int | None = Field(description="workers that are ready; null where Redis cannot be asked")


class WorkRead(BaseModel):
    """An analysis, a rendering, the reading of an examination or the opinion of a region."""

    id: str = Field(description="identifier of the work")
    kind: WorkKind = Field(
        description="an analysis of an image, a rendering of a report, the reading of a case's films together, or the "
        "opinion of a region that a reader drew"
    )
    subject: str = Field(description="identifier of the analysis or the opinion, or what is rendered or read")
    owner: str = Field(description="user name of whom it is done for")
    state: JobState = Field(description="where it stands")
    step: str | None = Field(description="the step that it stands at")
    tries: int = Field(description="how often a worker began it")
    worker: str | None = Field(description="worker that does it now, or did it last; null before the first")
    created_at: datetime = Field(description="when it was asked for")
    finished_at: datetime | None = Field(description="when it ended; null until then")
    error: StepError | None = Field(description="why it failed; null where it did not")

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
    """Some work, newest first."""

    items: list[WorkRead] = Field(description="the work of this page")
    next_cursor: str | None = Field(description="give it as `cursor` for the next page; null at the end")


class Redriven(BaseModel):
    """How many pieces of work were started again."""

    count: int = Field(description="how many pieces of work were started again")
    claimed: int = Field(description="how many were not, because somebody else has claimed their case")
