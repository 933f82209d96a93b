"""Reviews as the API takes and shows them."""

from pydantic import BaseModel, ConfigDict, Field

from lobule.contracts.case import Verdict


class ReviewWrite(BaseModel):
    """What a clinician says of a finding; neither verdict nor comment takes it back."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    verdict: Verdict | None = None
    comment: str = Field(default="", max_length=2000)
