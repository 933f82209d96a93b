"""The audit log as the API shows it."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class AuditEventRead(BaseModel):
    """One event."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: datetime
    actor_id: str | None
    actor_name: str
    action: str
    target_type: str | None
    target_id: str | None
    detail: dict[str, Any]
    address: str | None
    request_id: str | None


class AuditPage(BaseModel):
    """Some events, newest first."""

    items: list[AuditEventRead]
    next_cursor: str | None = Field(description="give it as `cursor` for the next page; null at the end")
