"""Cases as the API shows them."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from lobule.contracts.case import (
    CaseState,
    Conclusion,
    Hanging,
    ReasonCode,
    SuggestionCode,
)
from lobule.contracts.language import Language
from lobule.contracts.result import Assessment
from lobule.words import Words


class CaseCreate(BaseModel):
    """A new case."""

    pseudonym: str = Field(
        min_length=1, max_length=100, examples=["P-2026-0042"], description="never the patient's name"
    )


class CaseRead(BaseModel):
    """A case as a list shows it."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    pseudonym: str
    created_at: datetime
    updated_at: datetime
    state: CaseState = Field(
        description="`ready`: every image was assessed or failed; `signed`: nothing has changed since the signature"
    )
    assessment: Assessment | None = Field(description="of all images together; null while nothing can be said")
    probability_malignant: float | None = Field(description="the highest of the images that carry the assessment")
    study_date: date | None = Field(description="of the current examination; null where no film says it")
    images: int = Field(validation_alias="images_total")
    images_done: int
    images_failed: int
    signed_version: int | None = Field(description="the last signed version; in force only in state `signed`")


class CasePage(BaseModel):
    """Some cases."""

    items: list[CaseRead]
    next_cursor: str | None = Field(description="give it as `cursor` for the next page; null at the end")


class ReasonRead(BaseModel):
    """Why the conclusion is what it is."""

    code: ReasonCode
    text: str
    job_id: str | None = Field(description="the analysis it speaks of, where it is one")


class SuggestionRead(BaseModel):
    """What could be done next."""

    code: SuggestionCode
    text: str


class ConclusionRead(BaseModel):
    """What the system says of a case."""

    assessment: Assessment | None
    probability_malignant: float | None
    reasons: list[ReasonRead]
    missing_views: list[Hanging] = Field(description="of the four views; empty without a mammogram")
    suggestions: list[SuggestionRead]

    @classmethod
    def of(cls, conclusion: Conclusion, language: Language) -> "ConclusionRead":
        """A conclusion with its sentences."""
        words = Words(language)
        return cls(
            assessment=conclusion.assessment,
            probability_malignant=conclusion.probability_malignant,
            reasons=[
                ReasonRead(code=reason.code, text=words.reason(reason), job_id=reason.job_id)
                for reason in conclusion.reasons
            ],
            missing_views=conclusion.missing_views,
            suggestions=[
                SuggestionRead(code=suggestion.code, text=words.suggestion(suggestion))
                for suggestion in conclusion.suggestions
            ],
        )
