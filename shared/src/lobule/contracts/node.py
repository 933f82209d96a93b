"""What a DICOM node tells the gateway of itself, and what the gateway asks it to do (ADR 0012)."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

PeerProtocol = Literal["dicom", "dicomweb", "hl7", "fhir", "gateway"]
PeerRole = Literal["destination", "priors", "commitment"]
TaskKind = Literal["echo", "sample", "send_again", "purge"]

RESULT_KINDS = frozenset(
    {
        "findings",
        "outlines",
        "conclusion",
        "document",
        "marks",
        "verdicts",
        "pictures",
        "cad",
        "message",
        "bundle",
    }
)
"""Kinds of results. The catalogue has a name for each."""
OUTCOME_CODES = frozenset(
    {
        "ok",
        "not_connected",
        "rejected",
        "not_offered",
        "class_not_accepted",
        "no_answer",
        "unknown_peer",
        "task_failed",
        "object_unreadable",
        "refused_AE",
        "refused_AR",
        "answer_unreadable",
        "answer_to_another_message",
        "answer_too_slow",
        "answer_too_large",
        "disk_short",
        "ended_elsewhere",
        "qido_unreadable",
        "wado_unreadable",
        "late_item",
        "late_results",
        "no_mammogram",
        "not_performed",
        "nothing_made",
        "too_many_films",
    }
)
"""Codes of tasks, sendings and work items that the catalogue has words for, besides `http_404` and `status_A700` with
their numbers; others are shown as they are."""
RULE_ATTRIBUTES = ("modality", "station", "description", "sop_class", "calling_ae")
"""What a rule can name."""

MOST_ASSOCIATIONS = 100
"""The last ones are told of."""
MOST_DEAD = 100
"""Objects that were given up are listed up to this many."""
MOST_WORK_ITEMS = 50
"""The last ones are told of."""
Short = Annotated[str, Field(max_length=200)]


class _Told(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class NodePeer(_Told):
    """A system that the node speaks with."""

    name: Short = Field(description="by which the node knows it")
    protocol: PeerProtocol = Field(description="what it speaks")
    address: Short = Field(description="where it is")
    roles: list[PeerRole] = Field(description="what it is there for")
    results: list[Short] = Field(default=[], description="kinds of results that it gets")
    waiting: int = Field(default=0, description="objects that wait to be sent to it, or searches of priors")
    dead: int = Field(default=0, description="those that are not tried again by themselves")


class NodeRule(_Told):
    """A rule of what is taken."""

    name: Short = Field(description="its name")
    action: Literal["take", "refuse"] = Field(description="what it does")
    status: Short = Field(description="the status of a refusal")
    patterns: dict[str, Short] = Field(description="what has to fit")


class DeadLetter(_Told):
    """An object that did not reach its recipient and is not tried again by itself."""

    kind: Short = Field(description="what it is")
    version: int = Field(description="of its kind")
    case: Short = Field(description="pseudonym of its case")
    recipient: Short = Field(description="name of who did not get it")
    problem: Short = Field(description="code of why")
    attempts: int = Field(description="how often it was tried")
    made_at: datetime = Field(description="when it was made")


class AssociationNote(_Told):
    """An association that others opened."""

    at: datetime = Field(description="when it began")
    calling_ae: Short = Field(description="AE title of who called")
    called_ae: Short = Field(description="AE title that they called")
    address: Short = Field(description="where they called from")
    outcome: Literal["open", "ended", "aborted", "rejected"] = Field(description="how it ended")
    statuses: dict[str, int] = Field(description="objects by the status that they were answered with")


WorkItemState = Literal["claiming", "claimed", "reading", "completed", "cancelled", "refused"]
"""`claiming` until the server says that it is ours; `reading` once its films are received. The last three are over."""


class WorkItemNote(_Told):
    """A work item of the UPS-RS server."""

    case: Short | None = Field(description="pseudonym of its case; null until its films are received")
    state: WorkItemState = Field(
        description="how far it has come; `refused`: it ended elsewhere, or is somebody else's"
    )
    claimed_at: datetime = Field(description="when it was claimed")
    attempts: int = Field(description="failures one after the other")
    problem: Short | None = Field(description="code of the last failure, or of why it was cancelled; null for none")


class NodeWorklist(_Told):
    """The UPS-RS server that the node takes work items from."""

    address: Short = Field(description="root of its DICOMweb")
    searched_at: datetime | None = Field(description="when it was searched last; null until then")
    problem: Short | None = Field(description="code of why that failed; null for success")
    open: int = Field(description="work items that are being performed")
    items: list[WorkItemNote] = Field(max_length=MOST_WORK_ITEMS, description="the newest first")


class NodeReport(_Told):
    """How a node stands."""

    ae_title: Short = Field(description="its AE title")
    version: Short = Field(description="its version")
    started_at: datetime = Field(description="since when it runs")
    free_bytes: int = Field(description="free disk below its journal and objects")
    collecting: int = Field(description="studies that still collect films or wait for the gateway")
    waiting: int = Field(description="objects that wait for the gateway")
    peers: list[NodePeer] = Field(max_length=200, description="systems that it speaks with")
    rules: list[NodeRule] = Field(max_length=500, description="its rules of what is taken, in their order")
    dead: list[DeadLetter] = Field(max_length=MOST_DEAD, description="what was given up, the newest first")
    associations: list[AssociationNote] = Field(max_length=MOST_ASSOCIATIONS, description="the newest first")
    worklist: NodeWorklist | None = Field(default=None, description="its work items; null where it performs none")


class NodeTask(_Told):
    """What an administrator asks of a node."""

    id: Short = Field(description="identifier of the task")
    kind: TaskKind = Field(
        description="try the connection, store a sample, send again what was given up, delete a case"
    )
    peer: Short = Field(description="name of the system that it is about; of a purge, the case")


class TaskOutcome(_Told):
    """What came of a task."""

    id: Short = Field(description="identifier of the task")
    code: Annotated[str, Field(max_length=60, pattern=r"^[A-Za-z0-9_:]+$")] = Field(
        description="`ok`, or the code of what went wrong"
    )


class NodeExchange(_Told):
    """What a node tells at once."""

    report: NodeReport = Field(description="how it stands")
    outcomes: list[TaskOutcome] = Field(default=[], max_length=100, description="of tasks that it did")


class NodeTasks(_Told):
    """What the gateway answers."""

    tasks: list[NodeTask] = Field(description="to be done now")
