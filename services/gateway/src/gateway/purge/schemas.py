"""What is asked to be purged, and the certificate."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

_WITHOUT_NUL = r"^[^\x00]*$"  # no database stores it


class PurgeCreate(BaseModel):
    """A patient whose data is to be deleted."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"patient_id": "4711", "reason": "request of 2026-03-02"}}
    )

    patient_id: str = Field(
        min_length=1,
        max_length=64,
        pattern=_WITHOUT_NUL,
        description="PatientID (0010,0020) of the films; never stored",
    )
    reason: str = Field(
        min_length=1,
        max_length=200,
        pattern=_WITHOUT_NUL,
        description="reason, without names; the audit log records it",
    )
    dry_run: bool = Field(default=False, description="whether to return what would be deleted and delete nothing")


class Deleted(BaseModel):
    """The numbers of deleted items."""

    cases: int = Field(default=0, description="cases, with reviews, drawn findings and signed reports")
    images: int = Field(default=0, description="images, including those without a case")
    analyses: int = Field(default=0, description="analyses, with results and reports")
    dicom_objects: int = Field(default=0, description="DICOM objects that were made of the cases")
    messages: int = Field(default=0, description="messages to webhooks, including those not sent yet")
    answers: int = Field(
        default=0,
        description="stored answers to requests with an `Idempotency-Key`, of all users, from before the purge",
    )
    objects: int = Field(default=0, description="objects of the store")
    bytes: int = Field(default=0, description="total size of the objects in bytes")


class BackupNamed(BaseModel):
    """A backup that may hold the patient's data."""

    made_at: datetime = Field(description="time of creation")
    folder: str = Field(description="folder of the backup")


class BackupHolding(BaseModel):
    """What a backup has of a patient."""

    folder: str = Field(description="folder of the backup")
    made_at: datetime | None = Field(description="when its rows were written; null if it cannot be read")
    state: Literal["holds", "free", "unknown", "unreachable"] = Field(
        description="whether it has anything of the patient; `unknown` if it has images whose patient this server "
        "cannot tell, since they were taken under another LOBULE_SECRET_KEY or by a version that noted no patient; "
        "`unreachable` where there is no backup in the folder"
    )
    images: int = Field(default=0, description="images of the patient among its rows")
    objects: int = Field(default=0, description="objects of these images, and of what purges deleted")
    bytes: int = Field(default=0, description="total size of the objects in bytes")


class Certificate(BaseModel):
    """The certificate of a purge: what was deleted of a patient, and what remains elsewhere."""

    id: str = Field(description="identifier of the certificate, and of its event in the audit log (`patient.purge`)")
    at: datetime = Field(description="time of creation")
    by: str = Field(description="name of the administrator")
    reason: str = Field(description="why")
    patient_mark: str | None = Field(description="keyed fingerprint of the PatientID")
    merged_identifiers: int = Field(
        default=0, description="further identifiers that the hospital has merged with this one; their films count too"
    )
    dry_run: bool = Field(description="whether nothing was deleted")
    case_ids: list[str] = Field(description="identifiers of the cases")
    deleted: Deleted = Field(description="what was deleted")
    left_rows: int = Field(description="images of the patient that the database still has; not 0 if new ones arrived")
    left_objects: int = Field(
        description="objects of this and earlier purges that the store still has; not 0 if a deletion failed"
    )
    shared_cases: int = Field(description="deleted cases that also had files of another patient")
    nodes: list[str] = Field(description="tasks of DICOM nodes, which delete their films and results of these cases")
    backups: list[BackupNamed] = Field(description="backups since the first image of the patient; they are unchanged")


class DeletionCertificate(BaseModel):
    """The certificate of the deletion of a case or an image, as the audit log has it and the store confirms it."""

    kind: Literal["case", "image"] = Field(description="what was deleted")
    id: str = Field(description="its identifier")
    deleted_at: datetime = Field(description="when it was deleted")
    by: str = Field(description="who deleted it")
    event: int = Field(description="number of the event in the audit log, which `lobule audit verify` protects")
    link: str | None = Field(description="keyed hash that links the event with those before it")
    detail: dict[str, Any] = Field(description="what was deleted, and the reason if one was given")
    checked_at: datetime = Field(description="when database and store were searched for what is left")
    left_rows: int = Field(description="1 if the database still has it, or has it again")
    left_objects: int = Field(description="objects of it that the store still has")
    backups: list[BackupNamed] = Field(description="backups since it came until it was deleted; they are unchanged")
