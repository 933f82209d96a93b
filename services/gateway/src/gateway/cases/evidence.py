"""What the analyses of a case's images say of it, and what the images are called."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from gateway.cases.examinations import examinations
from gateway.jobs.models import Job
from lobule.contracts.case import Evidence, ImageEvidence, numbered
from lobule.contracts.examination import BreastState
from lobule.contracts.progress import FINAL_STATES


def evidence_of(jobs: Sequence[Job]) -> list[ImageEvidence]:
    """The evidence of the newest job of each image. An assessment counts even before its report."""
    return [
        ImageEvidence(
            job_id=job.id,
            file_name=job.image.file_name,
            modality=job.image.modality,
            evidence=job.image.spec.evidence,
            view=job.image.view,
            laterality=job.image.laterality,
            state=state_of(job),
            assessment=job.assessment,
            probability_malignant=job.probability_malignant,
            finding_assessment=job.finding_assessment,
        )
        for job in jobs
    ]


def raised_breast(job: Job) -> BreastState | None:
    """The last joint reading of a film's breast, if it is more suspicious than each film by itself."""
    found = (BreastState.model_validate(state) for state in job.breasts or ())
    return next((breast for breast in found if breast.laterality == job.image.laterality), None)


def at_least_as_its_breast(job: Job) -> ImageEvidence:
    """The evidence of a film of a former examination, raised to the joint reading of its breast."""
    [film] = evidence_of([job])
    breast = raised_breast(job)
    if breast is None and job.since is not None and film.assessment == "no_sign_of_malignancy":
        return film.model_copy(update={"assessment": "not_sure"})
    if breast is None or film.assessment is None:
        return film
    return film.model_copy(
        update={"assessment": breast.assessment, "probability_malignant": breast.probability_malignant}
    )


def state_of(job: Job) -> Evidence:
    """Whether a job's image was assessed, failed or is pending."""
    if job.assessment is not None:
        return "assessed"
    return "failed" if job.state in FINAL_STATES else "pending"


def names_of(jobs: Sequence[Job]) -> dict[str, str]:
    """The names of the images of a case, by the image's id.

    A film of an earlier examination is numbered within it, and also named by its date.

    Args:
        jobs: The newest of each image.
    """
    places = examinations([job.image for job in jobs])
    by_day: dict[date | None, list[Job]] = defaultdict(list)
    for job in jobs:
        place = places[job.image_id]
        by_day[place.date if place.is_prior else None].append(job)
    return {
        job.image_id: f"{evidence.name} {day.isoformat()}" if day else evidence.name
        for day, of_day in by_day.items()
        for job, evidence in zip(of_day, numbered(evidence_of(of_day)), strict=True)
    }
