"""The progress of a job: its four steps as users see them."""

from typing import Any, Literal

from pydantic import Field

from lobule.contracts.activity import Activity, ActivityCode
from lobule.contracts.document import Document

UserStep = Literal["upload", "queue", "inference", "report"]
StepState = Literal["waiting", "running", "done", "failed", "cancelled"]
JobState = Literal["queued", "running", "done", "failed", "dead", "cancelled"]
FINAL_STATES: frozenset[str] = frozenset({"done", "failed", "dead", "cancelled"})


class StepError(Document):
    code: str = Field(description="stable name of the error")
    reason: str | None = Field(default=None, description="exact reason, if the code has several")
    values: dict[str, Any] = Field(default={}, description="values in `detail`, such as sizes and limits")
    detail: str = Field(description="what happened and what to do, in the language of `Accept-Language`")


class StepProgress(Document):
    name: UserStep = Field(description="name of the step")
    state: StepState = Field(description="where the step stands")
    fraction: float = Field(ge=0.0, le=1.0, description="how much of it is done, 0 to 1")
    activity: str | None = Field(default=None, description="present activity, as an English sentence")
    activity_code: ActivityCode | None = Field(
        default=None, description="present activity as a code, with which a client finds its own sentence"
    )
    activity_values: dict[str, int | str] = Field(default={}, description="values in the sentence")
    seconds_left: float | None = Field(default=None, description="estimate from measured history; null when unknown")
    error: StepError | None = Field(default=None, description="error, if the step failed; otherwise null")


class Progress(Document):
    job_id: str = Field(description="the job")
    state: JobState = Field(description="where the job stands; `done`, `failed`, `dead` and `cancelled` are final")
    steps: list[StepProgress] = Field(description="its steps, in their order")
    seconds_left: float | None = Field(default=None, description="until the report, estimated; null when unknown")
    poll_after_ms: int | None = Field(
        default=None, description="milliseconds after which to poll again; null if the state is final"
    )


class ReportedProgress(Document):
    """The progress that a worker writes to the progress cache."""

    attempt: int
    fraction: float = Field(ge=0.0, le=1.0)
    activity: Activity
