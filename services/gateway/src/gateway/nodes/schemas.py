"""DICOM nodes as the API shows them."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from gateway.nodes.models import Node
from lobule.contracts.node import NodeReport, TaskKind


class NodeRead(BaseModel):
    """A DICOM node."""

    id: str = Field(description="identifier of the node's account")
    username: str = Field(description="user name of that account")
    reported_at: datetime = Field(description="time of its last report; it reports every few seconds")
    report: NodeReport = Field(description="report of the node")

    @classmethod
    def of(cls, node: Node) -> "NodeRead":
        """A node as the API shows it."""
        report = NodeReport.model_validate(node.report)
        return cls(id=node.user_id, username=node.user.username, reported_at=node.reported_at, report=report)


class TaskCreate(BaseModel):
    """A new task for a node."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"kind": "echo", "peer": "PACS"}})

    kind: TaskKind = Field(description="test the connection, store a sample, or send results that were given up again")
    peer: str = Field(min_length=1, max_length=200, description="name of the system that it is about")


class TaskRead(BaseModel):
    """Return a task with its outcome."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(description="identifier of the task")
    kind: TaskKind = Field(description="kind of the task")
    peer: str = Field(description="name of the system that it is about")
    asked_by: str = Field(description="user name of the administrator")
    asked_at: datetime = Field(description="time of the request")
    taken_at: datetime | None = Field(description="time at which the node took it; null until then")
    outcome: str | None = Field(description="`ok`, or the code of the error; null until it has ended")
    ended_at: datetime | None = Field(description="when it ended; null until then")
