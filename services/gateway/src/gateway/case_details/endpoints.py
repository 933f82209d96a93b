"""`/api/v1/cases/{id}`: a case with its images, reviews and reports."""

from fastapi import APIRouter
from fastapi.responses import Response

from gateway.auth.dependencies import CurrentUser
from gateway.case_details.priors import priors_of
from gateway.case_details.refused import refused_films_of
from gateway.case_details.schemas import CaseDetail, CaseImageRead, PriorExamination
from gateway.cases import repository, service, sheets
from gateway.cases.dependencies import VisibleCase
from gateway.cases.evidence import state_of
from gateway.cases.examinations import examinations
from gateway.cases.schemas import ConclusionRead
from gateway.corrections.exclusion import excludable
from gateway.database import DbSession
from gateway.errors import WITH_ETAG, responses
from gateway.images.merging import merged_at
from gateway.language import AnswerLanguage
from gateway.reader_findings import service as reader_findings
from gateway.reports.service import versions
from gateway.reviews.service import reviews_of

router = APIRouter(prefix="/api/v1/cases", tags=["cases"])


@router.get("/{case_id}", responses={**WITH_ETAG, **responses(401, 404)})
def read_case(
    case: VisibleCase,
    user: CurrentUser,
    session: DbSession,
    response: Response,
    language: AnswerLanguage,
) -> CaseDetail:
    """Return a case with its images, the system's conclusion, reviews and signed reports.

    Send the `ETag` back as `If-Match` when you review or sign, to detect a change by another user.
    """
    jobs = repository.latest_jobs(session, case.id)
    places = examinations([job.image for job in jobs])
    seen = sheets.sheets_of(session, case, user)
    may_go = set() if case.sample else excludable(session, [job.image for job in jobs], user)
    response.headers["ETag"] = sheets.etag(session, case, user)
    return CaseDetail.of(
        case,
        patient_merged_at=merged_at(session, [job.image for job in jobs]),
        images=[
            CaseImageRead.of(
                job,
                state_of(job),
                places[job.image_id],
                user,
                excludable=job.image_id in may_go,
            )
            for job in jobs
        ],
        refused_films=refused_films_of(session, case),
        conclusion=ConclusionRead.of(service.conclusion_of(session, case, jobs), language),
        reviews=reviews_of(session, case, seen),
        reader_findings=reader_findings.findings(session, case, seen),
        same_lesions=reader_findings.same_lesions(session, case, seen, jobs),
        reports=versions(session, case),
    )


@router.get("/{case_id}/priors", responses=responses(401, 404))
def list_priors(case: VisibleCase, user: CurrentUser, session: DbSession) -> list[PriorExamination]:
    """List up to four earlier examinations of the same patient in other cases that you may see, newest first.

    The server compares the PatientID in the files, of which it keeps only a keyed fingerprint.
    """
    return priors_of(session, user, case)
