"""`/api/v1/cases/{id}/reader-findings/{id}/opinion`: what the system thinks of a region that a reader drew."""

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from gateway.audit.service import record
from gateway.auth.dependencies import CurrentUser, at_portal
from gateway.cases import repository as cases
from gateway.cases.dependencies import VisibleCase
from gateway.cases.models import Case
from gateway.cases.sheets import sheets_of
from gateway.database import DbSession, release
from gateway.errors import ProblemError, not_found, responses
from gateway.images.models import Image
from gateway.jobs import on_request
from gateway.jobs import repository as jobs
from gateway.jobs.models import Opinion
from gateway.jobs.queues.quotas import Quota
from gateway.jobs.results import read_opinion
from gateway.language import AnswerLanguage
from gateway.modalities.service import required
from gateway.reader_findings import repository
from gateway.reader_findings.endpoints import ChosenId
from gateway.reader_findings.models import DrawnFinding
from gateway.reader_findings.service import key_of
from gateway.users.models import User
from lobule.contracts.language import Language
from lobule.contracts.progress import JobState, StepError
from lobule.contracts.region import RegionOpinion, RegionRequest
from lobule.contracts.result import Box
from lobule.storage import ObjectStore
from lobule.words import Words
from lobule.words.regions import opinion_in_words

router = APIRouter(prefix="/api/v1/cases/{case_id}/reader-findings/{finding_id}/opinion", tags=["cases"])


class OpinionRead(BaseModel):
    """The state of the system's opinion on a region."""

    state: JobState | Literal["none"] = Field(
        description="`none`: it was not requested since the region was drawn or changed"
    )
    error: StepError | None = Field(description="error, if it failed; otherwise null")
    opinion: RegionOpinion | None = Field(description="null unless `state` is `done`")
    text: list[str] = Field(description="the opinion as sentences, in the language of `Accept-Language`")


@router.get("", responses=responses(401, 404, 500))
def read_reader_finding_opinion(
    case: VisibleCase,
    finding_id: ChosenId,
    user: CurrentUser,
    session: DbSession,
    request: Request,
    language: AnswerLanguage,
) -> OpinionRead:
    """Return the system's opinion of a drawn region. It changes neither the finding nor any conclusion."""
    drawn, image = _drawn(session, case, user, finding_id)
    work = jobs.opinion(session, key_of(drawn))
    if work is None or work.request != _request(drawn, image).model_dump(mode="json"):
        return OpinionRead(state="none", error=None, opinion=None, text=[])
    return _read(session, request.app.state.store, work, language)


@router.post("", responses=responses(401, 403, 404, 422, 429, 500))
def ask_reader_finding_opinion(
    case: VisibleCase,
    finding_id: ChosenId,
    user: CurrentUser,
    session: DbSession,
    request: Request,
    language: AnswerLanguage,
) -> OpinionRead:
    """Request the system's opinion of a drawn region. A repeated request for the same region has no effect."""
    drawn, image = _drawn(session, cases.locked(session, case.id), user, finding_id)
    spec = required(session, image.modality)
    if not spec.reads_regions:
        raise ProblemError(422, "invalid_request", "no_opinions")
    work, asked = on_request.request_opinion(
        session,
        Quota.of_request(request, user),
        key_of(drawn),
        _request(drawn, image),
        queue=spec.queue,
        interactive=at_portal(request),
    )
    if asked:
        detail = {"finding": drawn.id, "number": drawn.number, "image_id": drawn.image_id}
        record(session, request, user, "finding.ask", "case", case.id, detail)
    return _read(session, request.app.state.store, work, language)


def _drawn(session: Session, case: Case, user: User, finding_id: str) -> tuple[DrawnFinding, Image]:
    """A region that this user may see: not what another reader draws while two read the case apart."""
    drawn = repository.find(session, finding_id)
    if drawn is not None and drawn.sheet not in sheets_of(session, case, user).shown:
        drawn = None
    image = None if drawn is None else repository.image_in_case(session, drawn.image_id, case.id)
    if drawn is None or image is None:
        raise not_found("finding_in_case")
    return drawn, image


def _request(drawn: DrawnFinding, image: Image) -> RegionRequest:
    return RegionRequest(image=image.info(), key=image.object_key, box=Box.model_validate(drawn.box))


def _read(session: Session, store: ObjectStore, work: Opinion, language: Language) -> OpinionRead:
    release(session)
    opinion = read_opinion(store, work) if work.state == "done" else None
    words = Words(language)
    text = opinion_in_words(opinion, words) if opinion else []
    return OpinionRead(state=work.state, error=work.error(language), opinion=opinion, text=text)
