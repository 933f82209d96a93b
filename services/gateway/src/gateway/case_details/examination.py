"""`/api/v1/cases/{id}/examination`: what the films of a case say together."""

from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from gateway.cases import joint_reading
from gateway.cases.dependencies import VisibleCase
from gateway.database import DbSession, release
from gateway.errors import WITH_ETAG, ProblemError, not_found, responses
from gateway.jobs import repository as jobs
from gateway.jobs.results import examination_file, not_ready, read_examination
from gateway.language import AnswerLanguage
from gateway.streaming import file_response
from lobule.contracts.examination import BreastReading, ExaminationReading
from lobule.contracts.progress import JobState, StepError
from lobule.words import Words
from lobule.words.breasts import breasts_in_words

router = APIRouter(prefix="/api/v1/cases", tags=["cases"])


class BreastRead(BreastReading):
    """The combined reading of the films of a breast, also in words."""

    text: list[str] = Field(
        description="category and reasons as sentences, in the language of `Accept-Language`; they number the lesions"
        " of both breasts together, the most suspicious first"
    )


class ReadingRead(ExaminationReading):
    """The combined reading of an examination's films, also in words."""

    breasts: list[BreastRead] = Field(description="right before left, as films hang")  # pyright: ignore[reportIncompatibleVariableOverride] - each is a BreastReading

    @classmethod
    def of(cls, reading: ExaminationReading, words: Words) -> "ReadingRead":
        """A reading with its sentences."""
        told = zip(reading.breasts, breasts_in_words(reading.breasts, words), strict=True)
        return cls.model_validate(
            {**dict(reading), "breasts": [BreastRead(**dict(breast), text=text) for breast, text in told]}
        )


class ExaminationRead(BaseModel):
    """The state of the combined reading of a case's films."""

    state: JobState | Literal["none"] = Field(
        description="`none`: the case has no films that are read together, or not all of them are analysed"
    )
    error: StepError | None = Field(description="error, if it failed; otherwise null")
    reading: ReadingRead | None = Field(description="the combined reading; null unless `state` is `done`")


@router.get("/{case_id}/examination", responses=responses(401, 404, 500))
def read_case_examination(
    case: VisibleCase,
    session: DbSession,
    request: Request,
    language: AnswerLanguage,
) -> ExaminationRead:
    """Return the combined reading of the newest examination's films: lesions on both views, places, breasts, changes.

    The films are read again after one is added, corrected or removed; until then there is no reading. The case's
    conclusion follows from the films by themselves until the reading is done, and from the breasts afterwards if
    `method` is `model`.
    """
    work = jobs.examination(session, joint_reading.key_of(case.id))
    if work is None:
        return ExaminationRead(state="none", error=None, reading=None)
    if work.state != "done":
        return ExaminationRead(state=work.state, error=work.error(language), reading=None)
    release(session)
    reading = read_examination(request.app.state.store, work)
    return ExaminationRead(state="done", error=None, reading=ReadingRead.of(reading, Words(language)))


@router.get(
    "/{case_id}/examination/{picture}",
    response_class=Response,
    responses={**WITH_ETAG, 200: {**WITH_ETAG[200], "content": {"image/png": {}}}, **responses(401, 404, 409, 500)},
)
def get_examination_picture(case: VisibleCase, picture: str, session: DbSession, request: Request) -> Response:
    """Return a picture of the combined reading: the difference of a film from that of the other breast."""
    store = request.app.state.store
    work = jobs.examination(session, joint_reading.key_of(case.id))
    release(session)
    if work is None:
        raise not_found("examination")
    if work.state != "done":
        raise not_ready("result_not_ready", work)
    named = sorted(difference.file for difference in read_examination(store, work).differences)
    if picture not in named:
        raise ProblemError(404, "not_found", "picture", values={"name": picture, "names": named})
    return file_response(examination_file(store, work, picture), "image/png")
