"""The progress of a job: its four steps as users see them."""

from typing import Literal

from pydantic import Field

from lobule.contracts.activity import Activity, ActivityCode
from lobule.contracts.document import Document

UserStep = Literal["upload", "queue", "inference", "report"]
USER_STEPS: tuple[UserStep, ...] = ("upload", "queue", "inference", "report")
StepState = Literal["waiting", "running", "done", "failed", "cancelled"]
JobState = Literal["queued", "running", "done", "failed", "dead", "cancelled"]
FINAL_STATES: frozenset[str] = frozenset({"done", "failed", "dead", "cancelled"})


class StepError(Document):
    code: str
    detail: str


class StepProgress(Document):
    name: UserStep
    state: StepState
    fraction: float = Field(ge=0.0, le=1.0)
    activity: str | None = Field(default=None, description="what is being done now, in English words")
    activity_code: ActivityCode | None = Field(default=None, description="the same as a code, to look a sentence up by")
    activity_values: dict[str, int | str] = Field(default={}, description="what the sentence names")
    seconds_left: float | None = Field(default=None, description="estimate from measured history; null when unknown")
    error: StepError | None = None


class Progress(Document):
    job_id: str
    state: JobState
    steps: list[StepProgress]
    seconds_left: float | None = Field(default=None, description="until the report, estimated; null when unknown")
    poll_after_ms: int | None = Field(default=None, description="ask again after this; null when nothing will change")


class ReportedProgress(Document):
    """What a worker reports to the progress cache while it works."""

    attempt: int
    fraction: float = Field(ge=0.0, le=1.0)
    activity: Activity
