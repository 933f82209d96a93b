"""The reports of a DICOM node to the gateway, and the tasks that the gateway gives it (ADR 0012)."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

PeerProtocol = Literal["dicom", "dicomweb", "hl7", "fhir", "gateway"]
PeerRole = Literal["destination", "priors", "commitment"]
TaskKind = Literal["echo", "sample", "send_again", "purge"]

MOST_ASSOCIATIONS = 100
"""The last ones are told of."""
MOST_DEAD = 100
"""Objects that were given up are listed up to this many."""
MOST_FILMS = 100
"""Films that have not reached the gateway are listed up to this many."""
MOST_WORK_ITEMS = 50
"""The last ones are told of."""
Short = Annotated[str, Field(max_length=200)]


class _NodeDocument(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class NodePeer(_NodeDocument):
    """A system that the node communicates with."""

    name: Short = Field(description="name of the system at the node")
    protocol: PeerProtocol = Field(description="protocol of the system")
    address: Short = Field(description="address of the system")
    is_plain: bool = Field(
        default=False, description="whether it is called without TLS, so that data can be read on the way"
    )
    roles: list[PeerRole] = Field(description="roles of the system")
    results: list[Short] = Field(default=[], description="kinds of results that it receives")
    waiting: int = Field(
        default=0,
        description="objects and answers to storage commitment that wait for delivery to it, or searches for priors",
    )
    dead: int = Field(default=0, description="deliveries that were given up")


class NodeRule(_NodeDocument):
    """A rule for accepting objects."""

    name: Short = Field(description="its name")
    action: Literal["take", "refuse"] = Field(description="action of the rule")
    status: Short = Field(description="status of a refusal")
    patterns: dict[str, Short] = Field(description="patterns that an object has to match")


class DeadLetter(_NodeDocument):
    """A result whose delivery was given up."""

    kind: Short = Field(description="what it is")
    version: int = Field(description="of its kind")
    case: Short = Field(description="pseudonym of its case")
    recipient: Short = Field(description="name of the recipient")
    problem: Short = Field(description="code of the failure")
    attempts: int = Field(description="number of attempts")
    made_at: datetime = Field(description="time of creation")


class FilmNote(_NodeDocument):
    """A received film that has not reached the gateway."""

    case: Short = Field(description="pseudonym of its case")
    calling_ae: Short = Field(description="AE title of its sender")
    received_at: datetime = Field(description="time of arrival")
    state: Literal["waiting", "refused"] = Field(
        description="`waiting`: it is sent to the gateway again; `refused`: the gateway refused it, which is final"
    )
    problem: Short = Field(description="code of the failure")


class AssociationNote(_NodeDocument):
    """An association that another system opened."""

    at: datetime = Field(description="when it began")
    calling_ae: Short = Field(description="calling AE title")
    called_ae: Short = Field(description="called AE title")
    address: Short = Field(description="network address of the caller")
    outcome: Literal["open", "ended", "aborted", "rejected"] = Field(description="how it ended")
    problem: Short = Field(
        default="", description="code of why it was rejected before it named an AE title: TLS failed"
    )
    statuses: dict[str, int] = Field(description="number of objects by the status of their response")


WorkItemState = Literal["claiming", "claimed", "reading", "completed", "cancelled", "refused"]
"""`claiming` until the server says that it is ours; `reading` once its films are received. The last three are over."""


class WorkItemNote(_NodeDocument):
    """A work item of the UPS-RS server."""

    case: Short | None = Field(description="pseudonym of its case; null until its films are received")
    state: WorkItemState = Field(description="state; `refused`: it ended elsewhere, or another system has claimed it")
    claimed_at: datetime = Field(description="when it was claimed")
    attempts: int = Field(description="number of consecutive failures")
    problem: Short | None = Field(
        description="code of the last failure, or of the reason for its cancellation; null for none"
    )


class NodeWorklist(_NodeDocument):
    """The UPS-RS server from which the node takes work items."""

    address: Short = Field(description="DICOMweb root of the server")
    searched_at: datetime | None = Field(description="time of the last search; null until then")
    problem: Short | None = Field(description="code of the failure of that search; null if it succeeded")
    open: int = Field(description="work items that are being performed")
    items: list[WorkItemNote] = Field(max_length=MOST_WORK_ITEMS, description="the newest first")


class NodeReport(_NodeDocument):
    """The status of a node."""

    ae_title: Short = Field(description="its AE title")
    version: Short = Field(description="its version")
    started_at: datetime = Field(description="time at which the node started")
    free_bytes: int = Field(description="free bytes on the disk of its journal and objects")
    collecting: int = Field(description="studies that wait for films or for the gateway")
    waiting: int = Field(description="objects that wait for the gateway")
    peers: list[NodePeer] = Field(max_length=200, description="systems that the node communicates with")
    rules: list[NodeRule] = Field(max_length=500, description="its rules for accepting objects, in their order")
    dead: list[DeadLetter] = Field(max_length=MOST_DEAD, description="deliveries that were given up, the newest first")
    associations: list[AssociationNote] = Field(max_length=MOST_ASSOCIATIONS, description="the newest first")
    films: list[FilmNote] = Field(
        default=[],
        max_length=MOST_FILMS,
        description="films that the gateway refused, or that wait after a failure, the newest first",
    )
    worklist: NodeWorklist | None = Field(default=None, description="its work items; null if it performs none")


class NodeTask(_NodeDocument):
    """A task of an administrator for a node."""

    id: Short = Field(description="identifier of the task")
    kind: TaskKind = Field(
        description="test the connection, store a sample, send results that were given up again, or delete a case"
    )
    peer: Short = Field(description="name of the system; for a purge, the case")


class TaskOutcome(_NodeDocument):
    """The outcome of a task."""

    id: Short = Field(description="identifier of the task")
    code: Annotated[str, Field(max_length=60, pattern=r"^[A-Za-z0-9_:]+$")] = Field(
        description="`ok`, or the code of the error"
    )


class NodeExchange(_NodeDocument):
    """A report of a node with the outcomes of its tasks."""

    report: NodeReport = Field(description="report of the node")
    outcomes: list[TaskOutcome] = Field(default=[], max_length=100, description="outcomes of its tasks")


class NodeTasks(_NodeDocument):
    """The gateway's answer to a report."""

    tasks: list[NodeTask] = Field(description="new tasks")
