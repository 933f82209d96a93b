"""What the gateway and a worker say to each other about one step of a job.

A worker *claims* a step and gets an attempt number and a lease; it renews the lease with heartbeats, and *completes* or
*fails* exactly that attempt. Anything said for an attempt that is no longer the current one is refused (fenced).
"""

from typing import Literal

from pydantic import AwareDatetime, Field

from lobule.contracts.case import RenderRequest
from lobule.contracts.errors import ErrorCode
from lobule.contracts.result import Document, ImageInfo

StepName = Literal["inference", "report", "render"]
"""The steps that run on a worker: the two of an image's analysis, and the one of a rendering that was asked for later.
`upload` and `queue` are seen by the user but run nowhere."""


class ClaimRequest(Document):
    worker: str = Field(min_length=1, max_length=200, description="who claims, for the operator's eyes")


class Claim(Document):
    """The right to work on a step until the lease ends."""

    job_id: str
    step: StepName
    attempt: int = Field(ge=1)
    lease_seconds: float = Field(gt=0)
    image: ImageInfo | None = Field(default=None, description="inference and report step only")
    image_key: str | None = Field(None, description="object-store key of the uploaded bytes; as `image`")
    result_prefix: str | None = Field(None, description="where the inference step left its result; report step only")
    analysed_at: AwareDatetime | None = Field(default=None, description="when the inference ended; report step only")
    render: RenderRequest | None = Field(default=None, description="render step only")
    output_prefix: str = Field(description="object-store prefix that belongs to this attempt alone")
    request_id: str | None = Field(default=None, description="of the request that opened the job, for the logs")
    traceparent: str | None = Field(default=None, description="W3C trace context of that request")


class Heartbeat(Document):
    attempt: int = Field(ge=1)


class Completion(Document):
    attempt: int = Field(ge=1)


class Failure(Document):
    attempt: int = Field(ge=1)
    code: ErrorCode
    detail: str
    retryable: bool = False
