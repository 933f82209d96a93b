"""Webhooks as the API shows them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AnyHttpUrl, BaseModel, BeforeValidator, ConfigDict, Field, UrlConstraints

from gateway.database import split_names
from gateway.jobs.schemas import JobRead
from gateway.webhooks.models import DeliveryState

EventName = Literal["job.finished", "report.signed"]
Events = Annotated[list[EventName], Field(min_length=1, max_length=10)]
WebhookUrl = Annotated[AnyHttpUrl, UrlConstraints(max_length=2000, allowed_schemes=["http", "https"])]


class WebhookCreate(BaseModel):
    """A new webhook."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"url": "https://ris.example/lobule"}})

    url: WebhookUrl = Field(
        description="address to which messages are sent by POST; you can have one webhook for each address"
    )
    events: Events = Field(default=["job.finished"], description="types of messages that are sent")


class WebhookChange(BaseModel):
    """A change of a webhook. Fields that are not given do not change."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"events": ["report.signed"]}})

    url: WebhookUrl | None = Field(default=None, description="new address of the webhook")
    events: Events | None = Field(default=None, description="new types of messages that are sent")


class WebhookRead(BaseModel):
    """A webhook, without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(description="identifier of the webhook")
    url: str = Field(description="address to which messages are sent")
    events: Annotated[list[EventName], BeforeValidator(split_names)] = Field(
        description="types of messages that are sent"
    )
    created_at: datetime = Field(description="time of creation")


class WebhookCreated(WebhookRead):
    """A new webhook. Only this answer contains its secret."""

    secret: str = Field(description="secret that verifies the signature of each message; see docs/api.md")


class DeliveryRead(BaseModel):
    """A message and its delivery state."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(description="identifier of the delivery")
    type: str = Field(description="kind of the message, such as `job.finished`")
    job_id: str = Field(description="the job that ended; empty for other messages")
    state: DeliveryState = Field(description="state")
    attempts: int = Field(description="number of attempts")
    next_at: datetime = Field(description="time of the next attempt")
    created_at: datetime = Field(description="when the message was written")
    delivered_at: datetime | None = Field(description="when it was accepted; null until then")
    last_status: int | None = Field(description="HTTP status of the last answer; null if there was none")
    last_error: str | None = Field(description="reason for the failure of the last attempt; null if it did not fail")


class JobFinished(BaseModel):
    """The body of a message."""

    type: Literal["job.finished"] = Field(default="job.finished", description="kind of the message")
    timestamp: datetime = Field(description="when the job ended")
    data: JobRead = Field(description="the job")
    links: dict[str, str] = Field(description="addresses of the job, its result and its report")


class SignedVersion(BaseModel):
    """A signed version of a case's report."""

    case_id: str = Field(description="identifier of the case")
    version: int = Field(description="number of the version, from 1")
    signed_at: datetime = Field(description="when it was signed")


class ReportSignedMessage(BaseModel):
    """The body of a message about a signature."""

    type: Literal["report.signed"] = Field(default="report.signed", description="kind of the message")
    timestamp: datetime = Field(description="when it was signed")
    data: SignedVersion = Field(description="the signed report")
    links: dict[str, str] = Field(description="addresses of the case and the report")


class TestedWebhook(BaseModel):
    """The webhook that a test message was sent to."""

    webhook_id: str = Field(description="identifier of the webhook")


class WebhookTest(BaseModel):
    """The body of a test message."""

    type: Literal["webhook.test"] = Field(default="webhook.test", description="kind of the message")
    timestamp: datetime = Field(description="when the test was requested")
    data: TestedWebhook = Field(description="the webhook")
