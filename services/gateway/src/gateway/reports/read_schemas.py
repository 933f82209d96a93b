"""Reads of cases that two people read, as the API takes and shows them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.cases.agreement import Subject
from gateway.cases.models import Rule
from gateway.reports.schemas import CaseReportRead
from lobule.contracts.case import ReaderOfReport, ReadRole, Review
from lobule.contracts.reader import ReaderFinding
from lobule.contracts.result import Laterality

Act = Literal["sign", "arbitrate", "withdraw", "begin_anew"]
"""What a user may do with the reading of a case by two."""


class ReadRead(ReaderOfReport):
    """A signed read: the statements and marks of one reader of a case."""

    yours: bool = Field(description="whether you signed it")
    reviews: list[Review] = Field(description="their verdicts and comments")
    reader_findings: list[ReaderFinding] = Field(description="findings that they drew")
    sha256: str = Field(description="SHA-256 of the signed content")


class DisagreementRead(BaseModel):
    """A disagreement of the two readers."""

    model_config = ConfigDict(from_attributes=True)

    side: Laterality | None = Field(description="side of the breast; null for the conclusion about the case")
    subject: Subject = Field(description="subject of the disagreement")


class ReadsRead(BaseModel):
    """The state of the double reading of a case."""

    read_twice: bool = Field(description="whether two people read the case")
    rule: Rule | None = Field(
        description="disagreements that a third person settles; null if one person reads the case"
    )
    signed: int = Field(description="number of readers who have signed: 0, 1 or 2")
    yours: ReadRole | None = Field(description="role in which you have signed; null if you have not")
    reads: list[ReadRead] = Field(description="signed reads; only yours until both readers have signed")
    disagreements: list[DisagreementRead] = Field(
        description="disagreements that a third person settles or has settled"
    )
    may: list[Act] = Field(description="what you may do now, unless somebody else has claimed the case")


class ReadSigned(BaseModel):
    """The outcome of your signature."""

    role: ReadRole = Field(description="role in which you signed")
    signed: int = Field(description="number of readers who have signed: 1 or 2")
    report: CaseReportRead | None = Field(
        description="version of the issued report; null if another signature is needed"
    )


class BeginAnew(BaseModel):
    """The reason for starting a double reading again."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)] = Field(
        examples=["The second reader saw another patient's films."], description="reason, which the audit log records"
    )
