"""Cases as the API shows them."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from gateway.images.schemas import ImageRead


class CaseCreate(BaseModel):
    """A new case."""

    pseudonym: str = Field(
        min_length=1, max_length=100, examples=["P-2026-0042"], description="never the patient's name"
    )


class CaseRead(BaseModel):
    """A case."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    pseudonym: str
    created_at: datetime


class CaseDetail(CaseRead):
    """A case with its images."""

    images: list[ImageRead]


class CasePage(BaseModel):
    """Some cases, newest first."""

    items: list[CaseRead]
    next_cursor: str | None = Field(description="give it as `cursor` for the next page; null at the end")
