"""Pictures as the API shows them."""

from typing import Literal

from pydantic import BaseModel, Field

from lobule.contracts.pictures import PictureFacts


class PictureRead(BaseModel):
    """A picture that the report service draws: what it is of, once it is there."""

    id: str
    state: Literal["drawing", "ready", "failed"]
    facts: PictureFacts | None = Field(description="null while it is being drawn")
    poll_after_ms: int | None = Field(description="ask again after this; null when nothing will change")

    @classmethod
    def of(cls, picture_id: str, facts: PictureFacts | None) -> "PictureRead":
        """A picture as the API shows it."""
        if facts is None:
            return cls(id=picture_id, state="drawing", facts=None, poll_after_ms=300)
        return cls(id=picture_id, state="failed" if facts.error else "ready", facts=facts, poll_after_ms=None)
