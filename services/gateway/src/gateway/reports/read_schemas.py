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
    """A signed read: what one reader stated of a case, and how they had marked it."""

    yours: bool = Field(description="whether you signed it")
    reviews: list[Review] = Field(description="their verdicts and comments")
    reader_findings: list[ReaderFinding] = Field(description="what they drew")
    sha256: str = Field(description="fingerprint of what was signed")


class DisagreementRead(BaseModel):
    """What the readers disagree on."""

    model_config = ConfigDict(from_attributes=True)

    side: Laterality | None = Field(description="of the breast; null where it is the conclusion about the case")
    subject: Subject = Field(description="what of it")


class ReadsRead(BaseModel):
    """How far the reading of a case by two people has come."""

    read_twice: bool = Field(description="whether two people read the case")
    rule: Rule | None = Field(description="which disagreements a third person settles; null where one person reads it")
    signed: int = Field(description="how many readers have signed: 0, 1 or 2")
    yours: ReadRole | None = Field(description="the role in which you have signed; null where you have not")
    reads: list[ReadRead] = Field(description="the signed reads; your own alone until both readers have signed")
    disagreements: list[DisagreementRead] = Field(description="what a third person settles, or has settled")
    may: list[Act] = Field(description="what you may do now, as far as nobody else has claimed the case")


class ReadSigned(BaseModel):
    """What your signature led to."""

    role: ReadRole = Field(description="in which you signed")
    signed: int = Field(description="how many readers have signed now: 1 or 2")
    report: CaseReportRead | None = Field(
        description="the version that it completed; null where somebody is waited for"
    )


class BeginAnew(BaseModel):
    """Why a case is read anew."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)] = Field(
        examples=["The second reader saw another patient's films."], description="noted in the audit log"
    )
