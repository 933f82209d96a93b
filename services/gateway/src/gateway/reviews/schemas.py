"""Reviews as the API takes and shows them."""

from pydantic import BaseModel, ConfigDict, Field

from lobule.contracts.case import Verdict

COMMENT_MOST = 2000
"""Characters of a comment."""


class ReviewWrite(BaseModel):
    """A review of a finding. Without verdict and comment, the review is withdrawn."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    verdict: Verdict | None = Field(default=None, description="`confirmed` or `dismissed`; null for none")
    comment: str = Field(default="", max_length=COMMENT_MOST, description="comment of the clinician; empty for none")
    together: bool = Field(
        default=False,
        description="whether this and your last change are about two marks of one lesion, so that both are undone"
        " together",
    )
    undo: bool = Field(
        default=False, description="whether this undoes the last change; an undo cannot itself be undone"
    )


class ReviewBefore(BaseModel):
    """A finding's review before a change."""

    verdict: Verdict | None = Field(description="verdict before the change; null for none")
    comment: str = Field(description="comment before the change")


class OneChange(BaseModel):
    """A change of a review, and what it replaced."""

    job_id: str = Field(description="analysis whose finding was reviewed")
    finding: str = Field(description="index in the findings, or `image`; use `finding_id`")
    finding_id: str = Field(description="id of the finding, or `image`")
    before: ReviewBefore = Field(description="what the change replaced")


class ReviewChange(OneChange):
    """The last change of a case's reviews, and what it replaced."""

    earlier: OneChange | None = Field(
        default=None,
        description="the change of the other mark of the same lesion that was made with it; undo it after this",
    )
