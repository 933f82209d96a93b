"""Updates a case's row from its images, reviews and signatures."""

import hashlib
import re
from collections.abc import Sequence

from sqlalchemy.orm import Session

from gateway.cases import joint_reading, refused_films, repository
from gateway.cases.assessment import conclude
from gateway.cases.comparison import Comparison, reasons_before
from gateway.cases.doubts import RANKS, breasts_in_doubt, unread_films
from gateway.cases.evidence import at_least_as_its_breast, evidence_of, names_of
from gateway.cases.examinations import current_date, examinations, recent_priors
from gateway.cases.models import Case
from gateway.cases.together import read_together
from gateway.clock import now
from gateway.errors import ProblemError
from gateway.images.identity import of_other_patients
from gateway.images.models import Image
from gateway.jobs.models import Job
from gateway.jobs.queues.lanes import Requester
from lobule.contracts.breasts import BreastConclusions
from lobule.contracts.case import CaseState, Conclusion, Hanging, ImageEvidence, Reason
from lobule.contracts.examination import SinceEarlier


def conclusion_of(session: Session, case: Case, jobs: Sequence[Job]) -> Conclusion:
    """The current conclusion from the images of a case.

    Films of earlier examinations do not count, but for what a work-up of the last months would hide.

    Args:
        session: The transaction.
        case: The case.
        jobs: The newest of each image.
    """
    images = [job.image for job in jobs]
    places = examinations(images)
    former = repository.former_jobs(session, jobs)
    current = [job for job in jobs if not places[job.image_id].is_prior]
    names = names_of(jobs)
    unfinished = {names[job.image_id]: job for _, job in unread_films(jobs, former)}
    unread = {name: at_least_as_its_breast(job) for name, job in unfinished.items()}
    since = {name: SinceEarlier.model_validate(job.since or {}) for name, job in unfinished.items()}
    replaced = {job.id: evidence_of([former[job.id]])[0] for job in current if job.id in former}
    comparison = joint_reading.comparison_of(session, case.id, jobs)
    refused = refused_films.evidence_of(session, case, current_date(images))
    breasts = joint_reading.breasts_of(session, case.id, current)
    state = {
        "awaited": joint_reading.is_awaited(session, case.id),
        "failed": joint_reading.has_failed(session, case.id),
    }
    recent = recent_priors(images)
    views: set[Hanging | None] = {film.hanging for film in evidence_of([job for job in jobs if job.image_id in recent])}
    conclusion = conclude(evidence_of(current), unread, refused, replaced, comparison, breasts, recent=views, **state)
    before = [*_strangers(session, images, names), *reasons_before(since)]
    return conclusion.model_copy(update={"reasons": [*before, *conclusion.reasons]})


def _strangers(session: Session, images: Sequence[Image], names: dict[str, str]) -> list[Reason]:
    """What to say of files that name another patient than most files of the case, though they were accepted."""
    others = of_other_patients(session, images)
    strange = [names[image.id] for image in images if image.id in others]
    return [Reason(code="other_patient", values={"images": strange})] if strange else []


def urgency_of(conclusion: Conclusion) -> float:
    """The position of a case in the worklist: by state, then by probability; -1 if it has none yet.

    A case of which nothing could be assessed stands with those that are not sure.
    """
    if conclusion.assessment is None:
        said = {reason.code for reason in conclusion.reasons}
        return RANKS["not_sure"] if "not_assessed" in said and "still_analysed" not in said else -1.0
    return RANKS[conclusion.assessment] + (conclusion.probability_malignant or 0.0)


def refresh(session: Session, case_id: str, requester: Requester | None = None) -> Case:
    """Update a case's row from its images, and have its films read together; called wherever the images change.

    Args:
        session: The transaction.
        case_id: Which case.
        requester: The user who changed them; None if an analysis ended.
    """
    case = repository.locked(session, case_id)
    jobs = repository.latest_jobs(session, case_id)
    in_doubt = breasts_in_doubt(jobs, repository.former_jobs(session, jobs))
    joint_reading.request_reading(session, case, jobs, in_doubt, requester)
    summarise(session, case, jobs)
    return case


def summarise(session: Session, case: Case, jobs: Sequence[Job]) -> None:
    """Write a case's row from the newest analysis of each of its images."""
    images = [job.image for job in jobs]
    evidence, conclusion = evidence_of(jobs), conclusion_of(session, case, jobs)
    case.assessment, case.probability_malignant = conclusion.assessment, conclusion.probability_malignant
    case.urgency = urgency_of(conclusion)
    case.images_total = len(evidence)
    case.images_done = sum(image.state == "assessed" for image in evidence)
    case.images_failed = sum(image.state == "failed" for image in evidence)
    case.study_date = current_date(images)
    case.modalities = " ".join(sorted({image.modality for image in images}))
    former = repository.former_jobs(session, jobs)
    shown = [former.get(job.id, job) for job in jobs]
    case.unlike_training = any(job.unlike_training for job in shown)
    case.map_disagrees = any(job.map_disagrees for job in shown)
    case.has_films = any(image.spec.evidence == "film" for image in images)
    case.thumbnails = _thumbnails(jobs)
    refused = refused_films.evidence_of(session, case, case.study_date)
    parts = [*map(_canonical, evidence), *_dated(images), *map(_canonical, refused)]
    comparison = joint_reading.comparison_of(session, case.id, jobs)
    parts += _since_earlier(comparison, evidence)
    if joint_reading.has_failed(session, case.id) and comparison.state != "failed":
        parts.append("joint reading failed")
    places = examinations(images)
    current = [job for job in jobs if not places[job.image_id].is_prior]
    parts += read_together(evidence_of(current), joint_reading.breasts_of(session, case.id, current)).said()
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    if digest != case.evidence_digest:
        case.evidence_digest = digest
        supersede_reads(case)
        changed(case)
    case.state = _state(case)


def _thumbnails(jobs: Sequence[Job]) -> list[dict[str, str | None]]:
    """The analyses whose thumbnails represent a case: of each side's newest examination, else of its first image."""
    places = examinations([job.image for job in jobs])
    drawn = [job for job in jobs if job.state == "done"]
    current = [job for job in drawn if job.image.spec.in_examinations and not places[job.image_id].is_prior]
    sides = [next((job for job in current if job.image.laterality == side), None) for side in ("R", "L")]
    chosen = [job for job in sides if job] or drawn[:1]
    return [{"job_id": job.id, "laterality": job.image.laterality} for job in chosen]


def _canonical(image: ImageEvidence) -> str:
    """An image's evidence as the digest reads it. A field that came later is left out where it is empty.

    Otherwise an upgrade would change the digest of cases signed before it, and mark their reports as superseded.
    """
    later = {"finding_assessment"} if image.finding_assessment is None else set[str]()
    return image.model_dump_json(exclude=later)


def _dated(images: Sequence[Image]) -> list[str]:
    """The examinations of dated images as the digest reads them; undated ones are left out, see `_canonical`."""
    places = examinations(images)
    dated = ((image.id, places[image.id]) for image in images if image.study_date or places[image.id].is_prior)
    return [f"{image_id} {place.date} {place.is_prior}" for image_id, place in dated]


def _since_earlier(comparison: Comparison, images: Sequence[ImageEvidence]) -> list[str]:
    """What the comparison with earlier examinations adds to the digest: what keeps the case from being negative."""
    if comparison.state == "failed":
        return ["comparison failed"]
    if comparison.state != "done" or comparison.assess(images) == "no_sign_of_malignancy":
        return []
    return [comparison.found.model_dump_json()]


def changed(case: Case) -> None:
    """Mark the case as changed: its signed version is superseded, and its signer no longer claims it."""
    if case.signed_revision is not None and case.signed_revision == case.revision and case.reading_since is None:
        case.reader_id, case.reader = None, ""
    case.revision += 1
    case.updated_at = now()
    case.state = _state(case)


def supersede_reads(case: Case) -> None:
    """Supersede the reads of a case that two people read, because they are about an older state of it."""
    if case.reads and case.reading_since is None:
        case.reader_id, case.reader = None, ""  # those who signed it: anyone may read it now
    case.read_round, case.reads = (case.read_round or 0) + 1, 0


def reads_changed(case: Case, reads: int) -> None:
    """Store how many readers of a case have signed. The next reader has to claim it again."""
    case.reads = reads
    case.reader_id, case.reader, case.reading_since = None, "", None
    changed(case)


def signed(case: Case, version: int, breasts: BreastConclusions | None) -> None:
    """Note that this version was signed for the present state of the case, and what it states of each breast."""
    case.signed_version, case.signed_revision = version, case.revision
    case.signed_breasts = breasts.model_dump(mode="json") if breasts else None
    case.updated_at = now()
    case.state = _state(case)


def _state(case: Case) -> CaseState:
    if case.images_total == 0:
        return "empty"
    if case.images_done + case.images_failed < case.images_total:
        return "analysing"
    is_signed = case.signed_revision == case.revision
    if case.read_twice and case.reads and not is_signed:
        return "second_read" if case.blind else "arbitration"
    if is_signed:
        return "signed"
    return "ready" if case.images_done else "failed"


def etag(case: Case) -> str:
    """The `ETag` of this state of a case, for `If-Match`.

    Signing changes it too, so that no report is superseded without its author seeing the new state.
    """
    signed = "" if case.signed_version is None else f".{case.signed_version}"
    return f'"{case.id}.{case.revision}{signed}"'


def check_unchanged(case: Case | None, if_match: str | None) -> None:
    """Refuse a change that was based on an older state of the case, or on a case that the image has left.

    What a tag says of the user's own sheet (see `cases.sheets`) is of no matter here.

    Raises:
        ProblemError: `case_changed`, 412.
    """
    if if_match is None or if_match.strip() == "*":
        return
    tags = re.sub(r'\+\d+"', '"', if_match).split(",")
    if case is not None and etag(case) in (tag.strip() for tag in tags):
        return
    raise case_changed()


def case_changed() -> ProblemError:
    """The answer to a change that was based on an older state of a case."""
    return ProblemError(412, "case_changed")
