"""Jobs, their steps, and the outbox of announcements to workers."""

from datetime import datetime
from typing import Any, Literal

import structlog
from sqlalchemy import JSON, ForeignKey, Index, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.clock import now
from gateway.database import Base, new_id
from gateway.images.models import Image
from gateway.language import request_language
from lobule import layout
from lobule.contracts.language import Language
from lobule.contracts.progress import JobState, StepError
from lobule.contracts.result import Assessment
from lobule.contracts.steps import StepName
from lobule.tracing import current_traceparent
from lobule.words import Words

WorkKind = Literal["analysis", "rendering", "examination", "region"]


def _current_request() -> str | None:
    """The id of the request that is being answered; workers write it into their logs too."""
    return structlog.contextvars.get_contextvars().get("request_id")


class Work(Base):
    """Work that workers do in steps: an analysis (`Job`), a rendering, the reading of an examination, or an opinion."""

    __tablename__ = "jobs"
    # "*": the columns of all kinds are read in one query, not those of the kind in a second one.
    __mapper_args__ = {"polymorphic_on": "kind", "with_polymorphic": "*"}  # noqa: RUF012 - SQLAlchemy's own convention

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    kind: Mapped[WorkKind] = mapped_column(String(20), index=True)
    owner_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    state: Mapped[JobState] = mapped_column(String(20), default="queued", index=True)
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
    finished_at: Mapped[datetime | None]
    error_code: Mapped[str | None] = mapped_column(String(50))
    error_reason: Mapped[str | None] = mapped_column(String(50))
    error_values: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    error_detail: Mapped[str | None] = mapped_column(Text)  # a worker's English sentence
    request_id: Mapped[str | None] = mapped_column(String(64), default=_current_request)  # that opened it
    traceparent: Mapped[str | None] = mapped_column(String(55), default=current_traceparent)  # of that request
    token_id: Mapped[str | None] = mapped_column(String(36), index=True)  # of the API token that asked for it last
    # Of what is done on request: its name, of which there is one, and what is requested. An analysis has its image.
    key: Mapped[str] = mapped_column(String(150), unique=True, nullable=True)
    request: Mapped[dict[str, Any]] = mapped_column(JSON, nullable=True)

    steps: Mapped[list["Step"]] = relationship(back_populates="job", order_by="Step.position", lazy="selectin")

    def set_error(
        self,
        code: str | None,
        reason: str | None = None,
        values: dict[str, Any] | None = None,
        detail: str | None = None,
    ) -> None:
        """Store why it failed, or with None that it did not."""
        self.error_code, self.error_reason, self.error_values, self.error_detail = code, reason, values, detail

    def error(self, language: Language | None = None) -> StepError | None:
        """Why it failed, in a language, by default in that of the request; None if it did not fail."""
        if self.error_code is None:
            return None
        values = self.error_values or {}
        words = Words(language or request_language.get())
        detail = words.error(self.error_code, self.error_reason, values, self.error_detail or "")
        return StepError(code=self.error_code, reason=self.error_reason, values=values, detail=detail)

    def step(self, name: StepName) -> "Step":
        """One of its steps."""
        return next(step for step in self.steps if step.name == name)


class Job(Work):
    """The analysis of one image."""

    __mapper_args__ = {"polymorphic_identity": "analysis"}  # noqa: RUF012

    image_id: Mapped[str] = mapped_column(ForeignKey("images.id"), index=True, nullable=True)
    # The conclusion, copied from the result so that lists need not open it.
    assessment: Mapped[Assessment | None] = mapped_column(String(30))
    probability_malignant: Mapped[float | None]
    finding_assessment: Mapped[Assessment | None] = mapped_column(String(30))
    unlike_training: Mapped[bool] = mapped_column(default=False, server_default=false())  # as its notices say
    map_disagrees: Mapped[bool] = mapped_column(default=False, server_default=false())  # its tumour map; likewise
    breasts: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True), use_existing_column=True)
    """Its breast (`BreastState`), if the last reading with other films said more of it than each film by itself."""
    since: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), use_existing_column=True)
    """What that reading found on this film since earlier examinations (`SinceEarlier`), if anything."""

    image: Mapped[Image] = relationship(lazy="joined")


class Rendering(Work):
    """A report in languages and formats that are rendered on request, a `RenderRequest`. Its only step is `render`.

    Its key names exactly what is rendered.
    """

    __mapper_args__ = {"polymorphic_identity": "rendering"}  # noqa: RUF012


class Examination(Work):
    """The reading of a case's films together, an `ExaminationRequest`. Its only step is `examination`.

    Its key names the case. When the films change it is asked for again, and what was made of the others is refused.
    """

    __mapper_args__ = {"polymorphic_identity": "examination"}  # noqa: RUF012

    # What it found since earlier examinations (`SinceEarlier`), copied as the conclusion of an analysis is.
    since: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), use_existing_column=True)
    leading: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Site of its suspicion (`LesionSite`)."""
    breasts: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True), use_existing_column=True)
    """What it says of the breasts (`BreastState`)."""


class Opinion(Work):
    """The opinion of a region that a reader drew, a `RegionRequest`. Its only step is `region`.

    Its key names case and finding. An opinion of a region that was changed since is asked for again.
    """

    __mapper_args__ = {"polymorphic_identity": "region"}  # noqa: RUF012


class Step(Base):
    """A stage of a job that runs on a worker.

    States: `waiting` for the step before it, `queued` for a worker, `running` under a lease, then `done`, `failed` or
    `cancelled`. Only `queued` steps can be claimed; only the current attempt of a `running` step can complete or fail.
    """

    __tablename__ = "steps"
    __table_args__ = (
        Index("ix_steps_state_lease", "state", "lease_expires_at"),
        Index("ix_steps_waiting", "queue", "state", "interactive", "owner_id", "queued_at"),
        Index("ix_steps_lane_started", "queue", "interactive", "owner_id", "started_at"),
        Index("ix_steps_started", "queue", "started_at"),
    )

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[StepName] = mapped_column(String(20), primary_key=True)
    position: Mapped[int]
    queue: Mapped[str] = mapped_column(String(20))
    owner_id: Mapped[str] = mapped_column(String(36), server_default="")  # who asked for it: the order of the queue
    interactive: Mapped[bool] = mapped_column(server_default=false())  # a person waits for it at the portal
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    attempt: Mapped[int] = mapped_column(default=0)  # only ever incremented: fences off earlier attempts
    tries: Mapped[int] = mapped_column(default=0)  # since the last request: checked against the budget
    worker: Mapped[str | None] = mapped_column(String(200))
    asked_at: Mapped[datetime | None]  # when its job was: its deadline counts from then; None: it has none
    queued_at: Mapped[datetime | None]
    announced_at: Mapped[datetime | None] = mapped_column("rung_at")  # when it was last written to the outbox
    lease_expires_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    files: Mapped[dict[str, dict[str, str]] | None] = mapped_column(JSON)  # by attempt, each file's name and SHA-256

    job: Mapped[Work] = relationship(back_populates="steps")

    def output_prefix(self, attempt: int | None = None) -> str:
        """Where an attempt, the current one by default, leaves its output in the object store."""
        return layout.attempt_folder(self.job_id, self.name, attempt or self.attempt)


class OutboxMessage(Base):
    """An outbox row: an announcement to the workers of a queue, written together with the state that it announces."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    job_id: Mapped[str] = mapped_column(String(36))
    step: Mapped[StepName] = mapped_column(String(20))
    queue: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(default=now)
