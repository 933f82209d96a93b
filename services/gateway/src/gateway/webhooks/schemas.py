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

    url: WebhookUrl = Field(description="where messages are sent, by POST")


class WebhookRead(BaseModel):
    """A webhook, without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(description="identifier of the webhook")
    url: str = Field(description="where messages are sent")
    created_at: datetime = Field(description="when it was made")


class WebhookCreated(WebhookRead):
    """A new webhook. Its secret is shown this once."""

    secret: str = Field(description="checks the signature of each message; see docs/api.md")


class DeliveryRead(BaseModel):
    """A message and its delivery state."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(description="identifier of the delivery")
    job_id: str = Field(description="the job that ended; empty for a test")
    state: DeliveryState = Field(description="where it stands")
    attempts: int = Field(description="how often it was tried")
    next_at: datetime = Field(description="when it is tried next")
    created_at: datetime = Field(description="when the message was written")
    delivered_at: datetime | None = Field(description="when it was accepted; null until then")
    last_status: int | None = Field(description="HTTP status of the last answer; null where none came")
    last_error: str | None = Field(description="why the last try failed, where no answer came")


class JobFinished(BaseModel):
    """The body of a message."""

    type: Literal["job.finished"] = Field(default="job.finished", description="kind of the message")
    timestamp: datetime = Field(description="when the job ended")
    data: JobRead = Field(description="the job")
    links: dict[str, str] = Field(description="where the job, its result and its report are")
