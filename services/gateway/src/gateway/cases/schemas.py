"""Cases as the API shows them."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from gateway.database import split_names
from lobule.contracts.breasts import BreastConclusions
from lobule.contracts.case import (
    CaseState,
    Conclusion,
    Hanging,
)
from lobule.contracts.language import Language
from lobule.contracts.reasons import ReasonCode, SuggestionCode
from lobule.contracts.result import Assessment, Laterality
from lobule.one_line import ONE_LINE
from lobule.words import Words


class CaseCreate(BaseModel):
    """A new case."""

    pseudonym: str = Field(
        min_length=1,
        max_length=100,
        pattern=ONE_LINE,
        examples=["P-2026-0042"],
        description="never the patient's name",
    )
    group_id: str | None = Field(
        default=None,
        max_length=36,
        description="one of your groups, whose members may see the case; default for a program: the group of its "
        "account",
    )


class CaseChange(BaseModel):
    """A change of a case."""

    model_config = ConfigDict(extra="forbid")

    pseudonym: str = Field(
        min_length=1,
        max_length=100,
        pattern=ONE_LINE,
        examples=["P-2026-0042"],
        description="new pseudonym; never the patient's name",
    )


# The audit log keeps it in JSON, where the database does not see the character NUL.
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00]*$")]


class FilmDismissal(BaseModel):
    """The reason why a film that was refused does not belong to a case."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason = Field(description="reason without names, which the audit log records")


class CaseAssign(BaseModel):
    """The assignment of a case to a reader."""

    username: str = Field(max_length=100, pattern=r"^[^\x00]*$", description="user name of the reader")


class CaseShare(BaseModel):
    """The group with which a case is shared."""

    group_id: str | None = Field(max_length=36, description="one of your groups; null for none")


class ReaderRead(BaseModel):
    """The reader of a case."""

    reader: str = Field(
        description="name of the user who reads it, is assigned to it, or signed it; empty if there is none"
    )
    since: datetime | None = Field(description="time of the claim; null if nobody has claimed the case")
    yours: bool = Field(description="whether you are the reader")


class ThumbnailRead(BaseModel):
    """A small picture of a case for lists: a film of each side, or else its first image."""

    job_id: str = Field(description="analysis with the `thumbnail`")
    laterality: Laterality | None = Field(description="side of the film")


class CaseRead(BaseModel):
    """A case in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(description="identifier of the case")
    pseudonym: str = Field(description="pseudonym of the case, chosen by the user who opened it")
    created_at: datetime = Field(description="when the case was opened")
    updated_at: datetime = Field(description="time of the last change")
    state: CaseState = Field(
        description="`ready`: every image was assessed or failed; `second_read`: one of two readers has signed; "
        "`arbitration`: both readers have signed and disagree; `signed`: nothing has changed since "
        "the signature"
    )
    assessment: Assessment | None = Field(
        description="assessment of all images together; null until an image is assessed"
    )
    probability_malignant: float | None = Field(
        description="highest probability of the images that decide the assessment; null if none has a number"
    )
    reader: str = Field(
        description="name of the user who reads it, is assigned to it, or signed it; empty if there is none"
    )
    reader_id: str | None = Field(description="identifier of the reader")
    reading_since: datetime | None = Field(description="time at which the reader claimed it; null if nobody has")
    study_date: date | None = Field(description="date of the current examination; null if no film states it")
    modalities: Annotated[list[str], BeforeValidator(split_names)] = Field(
        description="names of the modalities of its images, in alphabetical order"
    )
    thumbnails: list[ThumbnailRead] = Field(description="up to two thumbnails, the right side first")
    images: int = Field(validation_alias="images_total", description="number of its images")
    images_done: int = Field(description="number of analysed images")
    images_failed: int = Field(description="number of images whose analysis failed")
    signed_version: int | None = Field(description="the last signed version; in force only in state `signed`")
    breasts: BreastConclusions | None = Field(
        validation_alias="signed_breasts",
        description="statements of that version about each breast; null if it has none",
    )
    unlike_training: bool = Field(
        description="whether the tissue of an image is unlike that from which the system learned"
    )
    map_disagrees: bool = Field(
        description="whether the tumour map of an image marks carcinoma although the image shows no sign of malignancy"
    )
    read_twice: bool = Field(description="whether two people read it independently; see `/reads`")
    sample: bool = Field(description="whether it is a sample case, which belongs to no patient and cannot be signed")


class CasePage(BaseModel):
    """A page of cases."""

    items: list[CaseRead] = Field(description="the cases of this page")
    next_cursor: str | None = Field(description="value of `cursor` for the next page; null on the last page")


class ReasonRead(BaseModel):
    """A reason for the conclusion."""

    code: ReasonCode = Field(description="stable name of the reason")
    text: str = Field(description="the reason as a sentence, in the language of `Accept-Language`")
    job_id: str | None = Field(description="analysis that the reason is about, if it is about one")


class SuggestionRead(BaseModel):
    """What could be done next."""

    code: SuggestionCode = Field(description="stable name of the suggestion")
    text: str = Field(description="the suggestion as a sentence, in the language of `Accept-Language`")


class ConclusionRead(BaseModel):
    """The system's conclusion about a case."""

    assessment: Assessment | None = Field(description="the conclusion; null until an image is assessed")
    probability_malignant: float | None = Field(
        description="largest calibrated probability of the images that decide it; null if none has a number"
    )
    reasons: list[ReasonRead] = Field(description="reasons, the most important first")
    missing_views: list[Hanging] = Field(
        description="missing views of the four that no examination of 120 days before has; empty without a mammogram"
    )
    suggestions: list[SuggestionRead] = Field(description="suggested next steps")

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
