"""The messages that the gateway and a worker exchange about one step of a job.

A worker *claims* a step and gets an attempt number and a lease; it renews the lease with heartbeats, and *completes* or
*fails* exactly that attempt. A message about any other attempt is refused (fenced).
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, TypeAdapter

from lobule.contracts.case import RenderRequest
from lobule.contracts.errors import ErrorCode
from lobule.contracts.examination_request import ExaminationRequest
from lobule.contracts.region import RegionRequest
from lobule.contracts.result import Document, ImageInfo

StepName = Literal["inference", "report", "render", "examination", "region"]
"""The steps that run on a worker: the two of an image's analysis, a rendering that was requested later, the combined
reading of a case's films, and the opinion of a region that a reader drew. Users also see `upload` and `queue`, which do
not run on a worker."""


class ClaimRequest(Document):
    worker: str = Field(min_length=1, max_length=200, description="who claims, for the operator's eyes")


class StepClaim(Document):
    """The right to work on a step until the lease ends: the common fields of all claims."""

    job_id: str
    attempt: int = Field(ge=1)
    lease_seconds: float = Field(gt=0)
    output_prefix: str = Field(description="object-store prefix that belongs to this attempt alone")
    request_id: str | None = Field(default=None, description="of the request that opened the job, for the logs")
    traceparent: str | None = Field(default=None, description="W3C trace context of that request")


class UnitImage(Document):
    """The image of an analysis."""

    image_id: str
    image: ImageInfo = Field(description="what is known of it")
    key: str = Field(description="object-store key of the uploaded bytes")


class AnalysisUnit(Document):
    """The image of an analysis, in a list: workers of earlier versions expect one."""

    images: tuple[UnitImage]


class InferenceClaim(StepClaim):
    """A claim on the analysis of an image."""

    step: Literal["inference"] = "inference"
    unit: AnalysisUnit


class ReportClaim(StepClaim):
    """A claim on the report of an analysis."""

    step: Literal["report"] = "report"
    result_prefix: str = Field(description="where the inference step left its result")
    analysed_at: AwareDatetime = Field(description="when the inference ended")


class RenderClaim(StepClaim):
    """A claim on a rendering that was requested later."""

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
"""A claim on any step, discriminated by `step`."""

CLAIM: TypeAdapter[AnyClaim] = TypeAdapter(Claim)
"""Reads and writes claims of any step."""


class Heartbeat(Document):
    attempt: int = Field(ge=1)


class Completion(Document):
    attempt: int = Field(ge=1)


FILES_HEADER = "Lobule-Files"
"""The header in which a worker states the SHA-256 of an attempt's files: `report.en.pdf=…, report.zh.pdf=…`. It is not
a field of `Completion`, because gateways of earlier versions refuse unknown fields."""
_FILE = re.compile(r"([\w.-]{1,100})=([0-9a-f]{64})")


def write_files(files: Mapping[str, str]) -> dict[str, str]:
    """The header for these files, each with its hexadecimal SHA-256; no header without files."""
    return {FILES_HEADER: ", ".join(f"{name}={sha256}" for name, sha256 in files.items())} if files else {}


def read_files(headers: Mapping[str, str]) -> dict[str, str]:
    """The SHA-256 of each file, by name, from the headers of a worker; malformed entries are skipped."""
    entries = (_FILE.fullmatch(part.strip()) for part in headers.get(FILES_HEADER, "").split(","))
    return {found[1]: found[2] for found in entries if found}


class Failure(Document):
    attempt: int = Field(ge=1)
    code: ErrorCode
    reason: str | None = None
    values: dict[str, Any] = Field(default={})
    detail: str
    retryable: bool = False
