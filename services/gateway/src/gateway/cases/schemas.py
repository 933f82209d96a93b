"""Cases as the API shows them."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from gateway.database import split_names
from lobule.contracts.breasts import BreastConclusions
from lobule.contracts.case import (
    CaseState,
    Conclusion,
    Hanging,
    ReasonCode,
    SuggestionCode,
)
from lobule.contracts.language import Language
from lobule.contracts.result import Assessment, Laterality
from lobule.words import Words


class CaseCreate(BaseModel):
    """A new case."""

    pseudonym: str = Field(
        min_length=1, max_length=100, examples=["P-2026-0042"], description="never the patient's name"
    )
    group_id: str | None = Field(
        default=None,
        max_length=36,
        description="a group of yours whose members may see the case; where a program names none, the only group of "
        "its account",
    )


class CaseChange(BaseModel):
    """A change of a case."""

    model_config = ConfigDict(extra="forbid")

    pseudonym: str = Field(
        min_length=1, max_length=100, examples=["P-2026-0042"], description="its new name; never the patient's"
    )


class CaseAssign(BaseModel):
    """Whom a case is meant for."""

    username: str = Field(max_length=100, pattern=r"^[^\x00]*$", description="user name of the reader")


class CaseShare(BaseModel):
    """Whom a case is shared with."""

    group_id: str | None = Field(max_length=36, description="a group that you belong to; null for none")


class ReaderRead(BaseModel):
    """Who reads a case."""

    reader: str = Field(description="who reads it, is to read it, or signed it; empty for nobody")
    since: datetime | None = Field(description="since when they have claimed it; null where nobody has")
    yours: bool = Field(description="whether it is you")


class ThumbnailRead(BaseModel):
    """A small picture of a case for lists: a film of each side, or else its first image."""

    job_id: str = Field(description="the analysis whose `thumbnail` it is")
    laterality: Laterality | None = Field(description="side of the film")


class CaseRead(BaseModel):
    """A case as a list shows it."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(description="identifier of the case")
    pseudonym: str = Field(description="name of the case, chosen by whom opened it")
    created_at: datetime = Field(description="when the case was opened")
    updated_at: datetime = Field(description="when anything of it changed last")
    state: CaseState = Field(
        description="`ready`: every image was assessed or failed; `second_read`, `arbitration`: where two people read "
        "it, one has signed, or both have and disagree; `signed`: nothing has changed since the signature"
    )
    assessment: Assessment | None = Field(description="of all images together; null while nothing can be said")
    probability_malignant: float | None = Field(description="the highest of the images that carry the assessment")
    reader: str = Field(description="who reads it, is to read it, or signed it; empty for nobody")
    reader_id: str | None = Field(description="identifier of the reader")
    reading_since: datetime | None = Field(description="since when the reader has claimed it; null where nobody has")
    study_date: date | None = Field(description="of the current examination; null where no film says it")
    modalities: Annotated[list[str], BeforeValidator(split_names)] = Field(
        description="names of the modalities of its images, in alphabetical order"
    )
    thumbnails: list[ThumbnailRead] = Field(description="at most two small pictures, the right side first")
    images: int = Field(validation_alias="images_total", description="how many images it has")
    images_done: int = Field(description="how many of them are analysed")
    images_failed: int = Field(description="of how many the analysis failed")
    signed_version: int | None = Field(description="the last signed version; in force only in state `signed`")
    breasts: BreastConclusions | None = Field(
        validation_alias="signed_breasts",
        description="what that version states of each breast; null where it states none",
    )
    unlike_training: bool = Field(description="the tissue of an image is unlike that which the system learned from")
    read_twice: bool = Field(description="two people read it, apart from each other; see `/reads`")
    sample: bool = Field(description="drawn to try the portal with: it is of no patient, and cannot be signed")


class CasePage(BaseModel):
    """Some cases."""

    items: list[CaseRead] = Field(description="the cases of this page")
    next_cursor: str | None = Field(description="give it as `cursor` for the next page; null at the end")


class ReasonRead(BaseModel):
    """Why the conclusion is what it is."""

    code: ReasonCode = Field(description="stable name of the reason")
    text: str = Field(description="the reason as a sentence, in the language of `Accept-Language`")
    job_id: str | None = Field(description="the analysis it speaks of, where it is one")


class SuggestionRead(BaseModel):
    """What could be done next."""

    code: SuggestionCode = Field(description="stable name of the suggestion")
    text: str = Field(description="the suggestion as a sentence, in the language of `Accept-Language`")


class ConclusionRead(BaseModel):
    """The system's conclusion about a case."""

    assessment: Assessment | None = Field(description="the conclusion; null until an image is assessed")
    probability_malignant: float | None = Field(
        description="largest calibrated probability of the images that decide it; null until one is assessed"
    )
    reasons: list[ReasonRead] = Field(description="why, in the order of weight")
    missing_views: list[Hanging] = Field(description="of the four views; empty without a mammogram")
    suggestions: list[SuggestionRead] = Field(description="what could be done next")

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
