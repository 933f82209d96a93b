"""`/api/v1/cases/{id}/examination`: what the films of a case say together."""

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from gateway.cases import together
from gateway.cases.dependencies import VisibleCase
from gateway.database import DbSession
from gateway.errors import responses
from gateway.jobs import repository as jobs
from gateway.jobs.results import read_examination
from gateway.language import AnswerLanguage
from lobule.contracts.examination import BreastReading, ExaminationReading
from lobule.contracts.progress import JobState, StepError
from lobule.words import Words
from lobule.words.breasts import breast_in_words

router = APIRouter(prefix="/api/v1/cases", tags=["cases"])


class BreastRead(BreastReading):
    """What the films of a breast say together, in words as well."""

    text: list[str] = Field(description="category and reasons as sentences, in the language of `Accept-Language`")


class ReadingRead(ExaminationReading):
    """What the films of an examination say together, in words as well."""

    breasts: list[BreastRead] = Field(description="right before left, as films hang")  # pyright: ignore[reportIncompatibleVariableOverride] - each is a BreastReading

    @classmethod
    def of(cls, reading: ExaminationReading, words: Words) -> "ReadingRead":
        """A reading with its sentences."""
        told = [BreastRead(**dict(breast), text=breast_in_words(breast, words)) for breast in reading.breasts]
        return cls(
            method=reading.method,
            breasts=told,
            assessment=reading.assessment,
            probability_malignant=reading.probability_malignant,
            standings=reading.standings,
        )


class ExaminationRead(BaseModel):
    """Where the reading of a case's films stands."""

    state: JobState | Literal["none"] = Field(
        description="`none`: the case holds no films that are read together, or not each of them is analysed"
    )
    error: StepError | None = Field(description="why it failed; null where it did not")
    reading: ReadingRead | None = Field(description="what the films say together; null unless `state` is `done`")


@router.get("/{case_id}/examination", responses=responses(401, 404, 500))
def read_case_examination(
    case: VisibleCase,
    session: DbSession,
    request: Request,
    language: AnswerLanguage,
) -> ExaminationRead:
    """What the films of the newest examination say together: lesions on both views, places, breasts, changes.

    The films are read again whenever one is added, corrected or removed; until that is done there is no reading. The
    case's conclusion does not depend on it.
    """
    work = jobs.examination(session, together.key_of(case.id))
    if work is None:
        return ExaminationRead(state="none", error=None, reading=None)
    if work.state != "done":
        return ExaminationRead(state=work.state, error=work.error(language), reading=None)
    reading = read_examination(request.app.state.store, work)
    return ExaminationRead(state="done", error=None, reading=ReadingRead.of(reading, Words(language)))
