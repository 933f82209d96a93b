"""The audit log as the API shows it."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class AuditEventRead(BaseModel):
    """One event."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(description="number of the event, rising")
    at: datetime = Field(description="when it was done")
    actor_id: str | None = Field(description="identifier of who did it; null for the system and for unknown names")
    actor_name: str = Field(description="user name of who did it, as it was then")
    action: str = Field(description="what was done, such as `auth.login`")
    target_type: str | None = Field(description="kind of the object that it was done to")
    target_id: str | None = Field(description="identifier of the object")
    detail: dict[str, Any] = Field(description="further values; their names depend on the action")
    address: str | None = Field(description="network address of the request; null for commands and the system")
    request_id: str | None = Field(description="`X-Request-ID` of the request")
    token_id: str | None = Field(default=None, description="identifier of the API token, if one was used")
    reason: str | None = Field(default=None, description="why it was refused: the code of the error")


class AuditPage(BaseModel):
    """Some events, newest first."""

    items: list[AuditEventRead] = Field(description="the events of this page")
    next_cursor: str | None = Field(description="give it as `cursor` for the next page; null at the end")
