"""What is asked to be purged, and the certificate."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

_WITHOUT_NUL = r"^[^\x00]*$"  # no database stores it


class PurgeCreate(BaseModel):
    """A patient of whom everything is to be deleted."""

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
        description="why, without names; it stands in the audit log",
    )
    dry_run: bool = Field(default=False, description="only say what would be deleted")


class Deleted(BaseModel):
    """What was deleted, in numbers."""

    cases: int = Field(default=0, description="cases, with reviews, drawn findings and signed reports")
    images: int = Field(default=0, description="images, those without a case among them")
    analyses: int = Field(default=0, description="analyses, with results and reports")
    dicom_objects: int = Field(default=0, description="DICOM objects that were made of the cases")
    messages: int = Field(default=0, description="messages to webhooks, those not sent yet among them")
    answers: int = Field(
        default=0, description="kept answers to requests with an `Idempotency-Key`, of whomever, from before the purge"
    )
    objects: int = Field(default=0, description="objects of the store")
    bytes: int = Field(default=0, description="their size together")


class BackupNamed(BaseModel):
    """A backup that may hold the patient's data."""

    made_at: datetime = Field(description="when it was made")
    folder: str = Field(description="where it was written to")


class BackupHolding(BaseModel):
    """What a backup has of a patient."""

    folder: str = Field(description="where it is")
    made_at: datetime | None = Field(description="when its rows were written; null where it cannot be read")
    state: Literal["holds", "free", "unknown", "unreachable"] = Field(
        description="whether it has anything of the patient; `unknown` if it has images whose patient this server "
        "cannot tell, since they were taken under another LOBULE_SECRET_KEY or by a version that noted no patient; "
        "`unreachable` where there is no backup in the folder"
    )
    images: int = Field(default=0, description="images of the patient among its rows")
    objects: int = Field(default=0, description="objects of these images, and of what purges deleted")
    bytes: int = Field(default=0, description="their size together")


class Certificate(BaseModel):
    """What was deleted of a patient, and what is left elsewhere."""

    id: str = Field(description="identifier of the certificate, and of its event in the audit log (`patient.purge`)")
    at: datetime = Field(description="when it was made")
    by: str = Field(description="who deleted")
    reason: str = Field(description="why")
    patient_mark: str | None = Field(description="keyed fingerprint of the PatientID")
    dry_run: bool = Field(description="whether nothing was deleted")
    case_ids: list[str] = Field(description="identifiers of the cases")
    deleted: Deleted = Field(description="what was deleted")
    left_rows: int = Field(description="images of the patient that the database still has; 0 unless new ones came")
    left_objects: int = Field(
        description="objects of what this and earlier purges deleted that the store still has; 0 unless it failed"
    )
    shared_cases: int = Field(description="cases among them that also had files of another patient")
    nodes: list[str] = Field(description="tasks of DICOM nodes, which delete their films and results of these cases")
    backups: list[BackupNamed] = Field(description="backups since the first image of the patient; they are unchanged")
