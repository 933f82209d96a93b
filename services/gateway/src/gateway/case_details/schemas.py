"""A case with everything that belongs to it, as the API shows it."""

from datetime import date, datetime
from datetime import date as date_
from typing import Literal

from pydantic import BaseModel, Field

from gateway.cases.examinations import Examination
from gateway.cases.models import Case
from gateway.cases.schemas import ConclusionRead
from gateway.corrections.removal import may_take_out
from gateway.images.identity import PatientAttribute
from gateway.images.schemas import ImageRead
from gateway.jobs.models import Job
from gateway.jobs.schemas import JobRead
from gateway.reports.schemas import CaseReportRead
from gateway.users.models import User
from lobule.contracts.case import CaseState, Evidence, Review
from lobule.contracts.reader import ReaderFinding, SameLesion
from lobule.contracts.result import Laterality, View


class CaseImageRead(ImageRead):
    """An image of a case with its newest analysis."""

    job: JobRead = Field(description="its newest analysis")
    state: Evidence = Field(description="whether it was assessed, could not be assessed, or is being analysed")
    examination: date | None = Field(
        description="day of the examination that it belongs to; a film without a `study_date` belongs to the newest"
    )
    is_prior: bool = Field(
        description="whether it is a film of an earlier examination, which is not part of the conclusion"
    )
    removable: bool = Field(description="whether you can remove it, replace it, or take it out of the case")
    excludable: bool = Field(description="whether you can take it out of the case as one that does not belong to it")
    kept_by: Literal["report", "owner"] | None = Field(
        description="reason if you cannot: a signed report shows it, or you are not its owner; null if you can"
    )

    @classmethod
    def of(
        cls, job: Job, state: Evidence, place: Examination, user: User, *, excludable: bool = False
    ) -> "CaseImageRead":
        """An image as its newest job knows it, for this user."""
        kept_by = "report" if job.image.signed else None if may_take_out(job.image, user) else "owner"
        image = ImageRead.model_validate(job.image)
        return cls(
            **image.model_dump(),
            job=JobRead.of(job),
            state=state,
            examination=place.date,
            is_prior=place.is_prior,
            removable=kept_by is None,
            kept_by=kept_by,
            excludable=excludable,
        )


class RefusedFilm(BaseModel):
    """A film that a program sent to the case and that was not added, because it names another patient."""

    sha256: str = Field(description="SHA-256 of the received file, hexadecimal")
    view: View | None = Field(description="view of the film, if the file says it")
    laterality: Laterality | None = Field(description="side of the breast, if the file says it")
    study_date: date | None = Field(description="day of its examination, if it is known")
    differs: list[PatientAttribute] = Field(description="what differs from the other files of the case")
    image_id: str | None = Field(
        description="the image, which is kept apart from the case's images; null if only the refusal was noted"
    )
    job: JobRead | None = Field(description="its newest analysis; null if only the refusal was noted")


class PriorExamination(BaseModel):
    """An earlier examination of the same patient in another case."""

    case_id: str = Field(description="identifier of that case")
    pseudonym: str = Field(description="its name")
    date: date_ = Field(description="day of the examination")
    images: list[CaseImageRead] = Field(description="its assessed films, each with `is_prior`")


class CaseDetail(BaseModel):
    """A case with its images, reviews and reports."""

    id: str = Field(description="identifier of the case")
    pseudonym: str = Field(description="pseudonym of the case, chosen by the user who opened it")
    created_at: datetime = Field(description="when the case was opened")
    updated_at: datetime = Field(description="time of the last change")
    revision: int = Field(description="number that increases with every change; part of the `ETag`")
    state: CaseState = Field(description="state of the case")
    signed_version: int | None = Field(description="version of the report in force; null if there is none")
    read_twice: bool = Field(description="whether two people read it independently; see `/reads`")
    patient_merged_at: datetime | None = Field(
        description="since when the hospital knows the patient by another identifier than the files say, and signed "
        "reports too; null if it does not"
    )
    sample: bool = Field(description="whether it is a sample case, which belongs to no patient and cannot be signed")
    images: list[CaseImageRead] = Field(description="images in display order, each with its newest analysis")
    refused_films: list[RefusedFilm] = Field(
        description="films that were not added because they name another patient; while there is one of the current "
        "examination, the case is not called negative"
    )
    conclusion: ConclusionRead = Field(description="the system's conclusion from the images of the newest examination")
    reviews: list[Review] = Field(
        description="reviews of findings and images; if two people read the case, only yours until both have signed"
    )
    reader_findings: list[ReaderFinding] = Field(
        description="findings that readers drew, by letter; limited as `reviews`"
    )
    same_lesions: list[SameLesion] = Field(description="pairs of findings that readers marked as the same lesion")
    reports: list[CaseReportRead] = Field(description="signed versions, newest first")

    @classmethod
    def of(
        cls,
        case: Case,
        patient_merged_at: datetime | None,
        images: list[CaseImageRead],
        refused_films: list[RefusedFilm],
        conclusion: ConclusionRead,
        reviews: list[Review],
        reader_findings: list[ReaderFinding],
        same_lesions: list[SameLesion],
        reports: list[CaseReportRead],
    ) -> "CaseDetail":
        """A case with its parts."""
        return cls(
            id=case.id,
            pseudonym=case.pseudonym,
            created_at=case.created_at,
            updated_at=case.updated_at,
            revision=case.revision,
            state=case.state,
            signed_version=case.signed_version,
            read_twice=case.read_twice,
            patient_merged_at=patient_merged_at,
            sample=case.sample,
            images=images,
            refused_films=refused_films,
            conclusion=conclusion,
            reviews=reviews,
            reader_findings=reader_findings,
            same_lesions=same_lesions,
            reports=reports,
        )
