"""Signed reports as the API takes and shows them."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from gateway.cases.models import Case
from gateway.reports.models import CaseReport
from lobule.contracts.progress import JobState
from lobule.contracts.result import Assessment


class CaseReportCreate(BaseModel):
    """What the clinician signs with."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    conclusion: Assessment | None = Field(default=None, description="your own; without it you adopt the system's")
    comment: str = Field(default="", max_length=5000)


class CaseReportRead(BaseModel):
    """A signed version."""

    version: int
    signed_by: str
    signed_at: datetime
    conclusion: Assessment | None
    comment: str
    superseded: bool = Field(description="the case has changed since, or a later version was signed")
    sha256: str = Field(description="fingerprint of what was signed")
    rendering: JobState = Field(description="whether its forms are there already; its JSON content always is")

    @classmethod
    def of(cls, report: CaseReport, case: Case) -> "CaseReportRead":
        """A version as the API shows it."""
        return cls(
            version=report.version,
            signed_by=report.signed_by,
            signed_at=report.signed_at,
            conclusion=report.conclusion,
            comment=report.comment,
            superseded=report.version != case.signed_version or report.case_revision != case.revision,
            sha256=report.sha256,
            rendering=report.rendering.state,
        )
