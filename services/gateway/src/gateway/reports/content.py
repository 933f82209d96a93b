"""Assembles the current content of a case for its report."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from pydantic_core import to_json
from sqlalchemy.orm import Session

from gateway.cases import joint_reading
from gateway.cases import repository as cases
from gateway.cases import service as case_service
from gateway.cases.evidence import state_of
from gateway.cases.examinations import Examination, examinations
from gateway.cases.models import Case
from gateway.cases.service import case_changed
from gateway.cases.sheets import Sheets
from gateway.database import release
from gateway.errors import ProblemError
from gateway.jobs import repository as jobs_repository
from gateway.jobs.models import Examination as ExaminationWork
from gateway.jobs.models import Job
from gateway.jobs.results import read_examination
from gateway.reader_findings import service as reader_findings
from gateway.reports.models import CaseReport
from gateway.reviews.service import reviews_of
from lobule.contracts.case import CaseContent, CaseImage, ImageContent, Review, Signature
from lobule.contracts.examination import ExaminationReading
from lobule.contracts.reader import ReaderFinding
from lobule.storage import ObjectStore


def stored_bytes(content: dict[str, Any]) -> bytes:
    """The bytes of a stored content, as they were signed.

    The stored JSON is written without parsing it as `CaseContent`, since a newer version of that class would add its
    new fields.
    """
    return to_json(content)


def fingerprint(content: dict[str, Any]) -> str:
    """SHA-256 of the bytes of a content."""
    return hashlib.sha256(stored_bytes(content)).hexdigest()


def signed_content(report: CaseReport) -> CaseContent:
    """The content of a signed version that was checked (`gateway.reports.signatures.check`)."""
    return CaseContent.model_validate(report.content)


@dataclass(frozen=True)
class ReadTogether:
    """What the films of a case say together, read from the object store before the case is locked.

    Attributes:
        folder: Folder of the output from which it was read; None if there was none.
        reading: The joint reading; None if there was none or it could not be read, because a report does not wait for
            it.
    """

    folder: str | None = None
    reading: ExaminationReading | None = None

    @classmethod
    def of(cls, store: ObjectStore, work: ExaminationWork | None) -> Self:
        """Read the output of an examination."""
        if work is None:
            return cls()
        with suppress(ProblemError):  # logged there
            return cls(_folder(work), read_examination(store, work))
        return cls(_folder(work))

    @classmethod
    def ahead(cls, session: Session, store: ObjectStore, case: Case) -> Self:
        """Read it in a request; gives the request's connection back."""
        work = finished_examination(session, case)
        release(session)
        return cls.of(store, work)

    def is_present(self, session: Session, case: Case) -> bool:
        """Whether it is still the present one."""
        work = finished_examination(session, case)
        return self.folder == (None if work is None else _folder(work))

    def check_present(self, session: Session, case: Case) -> None:
        """Check that it is still the present one.

        Raises:
            ProblemError: `case_changed`, 412.
        """
        if not self.is_present(session, case):
            raise case_changed()


def finished_examination(session: Session, case: Case) -> ExaminationWork | None:
    """The examination of a case's films, if it is done."""
    work = jobs_repository.examination(session, joint_reading.key_of(case.id))
    return work if work is not None and work.state == "done" else None


def _folder(work: ExaminationWork) -> str:
    return work.step("examination").output_prefix()


def case_content(
    session: Session, together: ReadTogether, case: Case, sheets: Sheets, signature: Signature | None = None
) -> CaseContent:
    """The current content of a report of this case.

    Args:
        session: The transaction.
        together: What the films of the case say together.
        case: The case.
        sheets: Sheets whose verdicts and findings it contains.
        signature: Signature of the report; None for a draft.
    """
    jobs = cases.latest_jobs(session, case.id)
    places = examinations([job.image for job in jobs])
    by_job: dict[str, list[Review]] = {}
    for review in reviews_of(session, case, sheets):
        by_job.setdefault(review.job_id, []).append(review)
    drawn: dict[str, list[ReaderFinding]] = {}
    for finding in reader_findings.findings(session, case, sheets):
        drawn.setdefault(finding.image_id, []).append(finding)
    return CaseContent(
        case_id=case.id,
        pseudonym=case.pseudonym,
        revision=case.revision,
        created_at=case.created_at,
        images=[_image(job, by_job.get(job.id, []), drawn.get(job.image_id, []), places[job.image_id]) for job in jobs],
        conclusion=case_service.conclusion_of(session, case, jobs),
        same_lesions=reader_findings.same_lesions(session, case, sheets, jobs),
        examination=together.reading,
        signature=signature,
    )


def _image(job: Job, reviews: list[Review], drawn: list[ReaderFinding], place: Examination) -> CaseImage:
    state = state_of(job)
    result = image_content(job) if state == "assessed" else None
    return CaseImage(
        image_id=job.image_id,
        job_id=job.id,
        image=job.image.info(),
        state=state,
        result_prefix=result.result_prefix if result else None,
        analysed_at=result.analysed_at if result else None,
        error=job.error("en") if state == "failed" else None,
        reviews=reviews,
        reader_findings=drawn,
        study_date=place.date,
        is_prior=place.is_prior,
    )


def image_content(job: Job) -> ImageContent:
    """The content of one image, with the location of its result."""
    inference = job.step("inference")
    assert inference.finished_at is not None, "an assessed image's inference is over"
    return ImageContent(result_prefix=inference.output_prefix(), analysed_at=inference.finished_at)
