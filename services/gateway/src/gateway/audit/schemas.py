"""The audit log as the API shows it."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class AuditEventRead(BaseModel):
    """One event."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(description="number of the event, increasing")
    at: datetime = Field(description="time of the event")
    actor_id: str | None = Field(
        description="identifier of the user who did it; null for the system and for unknown names"
    )
    actor_name: str = Field(description="name of the user who did it, at that time")
    action: str = Field(description="action, such as `auth.login`")
    target_type: str | None = Field(description="kind of the object")
    target_id: str | None = Field(description="identifier of the object")
    detail: dict[str, Any] = Field(description="further values, whose names depend on the action")
    address: str | None = Field(description="network address of the request; null for commands and the system")
    request_id: str | None = Field(description="`X-Request-ID` of the request")
    token_id: str | None = Field(default=None, description="identifier of the API token, if one was used")
    reason: str | None = Field(default=None, description="code of the error, if the request was refused")


class AuditPage(BaseModel):
    """A page of events, newest first."""

    items: list[AuditEventRead] = Field(description="the events of this page")
    next_cursor: str | None = Field(description="value of `cursor` for the next page; null on the last page")
