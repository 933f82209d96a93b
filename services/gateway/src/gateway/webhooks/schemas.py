"""Webhooks as the API shows them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, UrlConstraints

from gateway.jobs.schemas import JobRead
from gateway.webhooks.models import DeliveryState

WebhookUrl = Annotated[AnyHttpUrl, UrlConstraints(max_length=2000, allowed_schemes=["http", "https"])]


class WebhookCreate(BaseModel):
    """A new webhook."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"url": "https://ris.example/lobule"}})

    url: WebhookUrl


class WebhookRead(BaseModel):
    """A webhook, without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    url: str
    created_at: datetime


class WebhookCreated(WebhookRead):
    """A new webhook. Its secret is shown this once."""

    secret: str = Field(description="checks the signature of each message; see docs/api.md")


class DeliveryRead(BaseModel):
    """A message and its delivery state."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    job_id: str
    state: DeliveryState
    attempts: int
    next_at: datetime
    created_at: datetime
    delivered_at: datetime | None
    last_status: int | None
    last_error: str | None


class JobFinished(BaseModel):
    """The body of a message."""

    type: Literal["job.finished"] = "job.finished"
    timestamp: datetime
    data: JobRead
    links: dict[str, str] = Field(description="where the job, its result and its report are")
