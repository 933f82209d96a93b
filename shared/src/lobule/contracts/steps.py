"""The messages that the gateway and a worker exchange about one step of a job.

A worker *claims* a step and gets an attempt number and a lease; it renews the lease with heartbeats, and *completes* or
*fails* exactly that attempt. Anything said for an attempt that is no longer the current one is refused (fenced).
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, TypeAdapter

from lobule.contracts.case import RenderRequest
from lobule.contracts.errors import ErrorCode
from lobule.contracts.examination import ExaminationRequest
from lobule.contracts.region import RegionRequest
from lobule.contracts.result import Document
from lobule.contracts.unit import AnalysisUnit

StepName = Literal["inference", "report", "render", "examination", "region"]
"""The steps that run on a worker: the two of an image's analysis, the one of a rendering that was asked for later, the
one that reads the films of a case together, and the one that gives an opinion of a region that a reader drew. `upload`
and `queue` are seen by the user but run nowhere."""


class ClaimRequest(Document):
    worker: str = Field(min_length=1, max_length=200, description="who claims, for the operator's eyes")


class StepClaim(Document):
    """The right to work on a step until the lease ends: what claims of every step have in common but its name."""

    job_id: str
    attempt: int = Field(ge=1)
    lease_seconds: float = Field(gt=0)
    output_prefix: str = Field(description="object-store prefix that belongs to this attempt alone")
    request_id: str | None = Field(default=None, description="of the request that opened the job, for the logs")
    traceparent: str | None = Field(default=None, description="W3C trace context of that request")


class InferenceClaim(StepClaim):
    """A claim on the analysis of one or several images."""

    step: Literal["inference"] = "inference"
    unit: AnalysisUnit


class ReportClaim(StepClaim):
    """A claim on the report of an analysis."""

    step: Literal["report"] = "report"
    result_prefix: str = Field(description="where the inference step left its result")
    analysed_at: AwareDatetime = Field(description="when the inference ended")


class RenderClaim(StepClaim):
    """A claim on a rendering that was asked for later."""

    step: Literal["render"] = "render"
    render: RenderRequest


class ExaminationClaim(StepClaim):
    """A claim on reading the films of an examination together."""

    step: Literal["examination"] = "examination"
    examination: ExaminationRequest


class RegionClaim(StepClaim):
    """A claim on an opinion of a region that a reader drew."""

    step: Literal["region"] = "region"
    region: RegionRequest


AnyClaim = InferenceClaim | ReportClaim | RenderClaim | ExaminationClaim | RegionClaim

Claim = Annotated[AnyClaim, Field(discriminator="step")]
"""A claim on any step; `step` says which."""

CLAIM: TypeAdapter[AnyClaim] = TypeAdapter(Claim)
"""Reads and writes a claim whose step is not known beforehand."""


class Heartbeat(Document):
    attempt: int = Field(ge=1)


class Completion(Document):
    attempt: int = Field(ge=1)


FILES_HEADER = "Lobule-Files"
"""With which a worker says the SHA-256 of each file that an attempt left: `report.en.pdf=…, report.zh.pdf=…`. It is no
field of `Completion`, for a gateway of an earlier version refuses fields that it does not know."""
_FILE = re.compile(r"([\w.-]{1,100})=([0-9a-f]{64})")


def write_files(files: Mapping[str, str]) -> dict[str, str]:
    """The header for these files, each with its SHA-256 in hexadecimal; none if there are no files."""
    return {FILES_HEADER: ", ".join(f"{name}={sha256}" for name, sha256 in files.items())} if files else {}


def read_files(headers: Mapping[str, str]) -> dict[str, str]:
    """The SHA-256 of each file, by its name, that a worker says; what is none is passed over."""
    said = (_FILE.fullmatch(part.strip()) for part in headers.get(FILES_HEADER, "").split(","))
    return {found[1]: found[2] for found in said if found}


class Failure(Document):
    attempt: int = Field(ge=1)
    code: ErrorCode
    reason: str | None = None
    values: dict[str, Any] = Field(default={})
    detail: str
    retryable: bool = False
