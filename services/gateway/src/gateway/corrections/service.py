"""Corrects the description of an image."""

from sqlalchemy.orm import Session

from gateway.cases import repository as cases
from gateway.cases import service as case_service
from gateway.cases.models import Case
from gateway.corrections.removal import check_may_take_out, lock
from gateway.corrections.schemas import ImageCorrection
from gateway.database import release
from gateway.errors import ProblemError, not_found
from gateway.images import repository
from gateway.images.identity import refuse_other_patient
from gateway.images.models import Image
from gateway.jobs import repository as jobs
from gateway.jobs import service as job_service
from gateway.jobs.models import Job
from gateway.jobs.queues.lanes import Requester
from gateway.jobs.queues.quotas import Quota
from gateway.modalities.service import required
from gateway.reader_findings import repository as reader_findings
from gateway.reviews import repository as reviews
from gateway.users.models import User
from lobule.contracts.modality import Attribute, Modality, ModalitySpec
from lobule.contracts.progress import FINAL_STATES
from lobule.imaging.header import ImageHeader, read_header
from lobule.storage import ObjectStore

_OF_SOME: tuple[Attribute, ...] = ("um_per_pixel", "magnification", "view", "laterality")
"""Attributes that only some modalities have. Every image may have a date."""
_SAID = (*_OF_SOME, "study_date")
_SCALE = ("um_per_pixel", "magnification")
"""What an analysis depends on, beside the modality."""


def correct(
    session: Session,
    store: ObjectStore,
    user: User,
    image: Image,
    correction: ImageCorrection,
    quota: Quota,
    *,
    interactive: bool,
    if_match: str | None = None,
) -> Job:
    """Change an image's description; returns its newest job: a new one if modality or scale changed.

    Args:
        session: The transaction.
        store: The object store.
        user: The user who corrects.
        image: The image to correct.
        correction: The corrected values.
        quota: Quota of the user, if the image is analysed again.
        interactive: Whether a person waits at the portal for the new analysis.
        if_match: ETag of the case as the user saw it.

    Raises:
        AnalysisError: If the file cannot be of the new modality.
        ProblemError: `duplicate_image`, `other_patient` or `case_claimed` (409), `case_changed` (412), `not_found`
            (404, the case), `forbidden` (403), `invalid_request` (422), `queue_full` (429).
    """
    given = correction.model_fields_set
    target = correction.case_id if "case_id" in given else image.case_id
    if target != image.case_id:
        check_target(session, user, image, target)
    header = None
    if correction.modality is not None:
        spec = required(session, correction.modality)
        release(session)
        header = _header(store, image, spec)
    lock(session, image, user, if_match, into=target)
    modality = correction.modality or image.modality
    spec = required(session, modality)
    _refuse_unfit(correction, spec)
    requester = Requester(user.id, interactive)
    if "case_id" in given:
        move(session, image, target, requester, accepted=correction.accept_other_patient)
    rescaled = any(getattr(correction, name) != getattr(image, name) for name in given & set(_SCALE))
    for name in given & set(_SAID):
        setattr(image, name, getattr(correction, name))
    job = jobs.latest_of_image(session, image.id)
    reread = modality != image.modality
    if reread and header is not None:
        _reinterpret(session, image, spec, header)
    if reread or rescaled:
        if job.state not in FINAL_STATES:
            job_service.cancel(session, job)
        job = job_service.open_another(session, image, quota, interactive=interactive)
    if image.case_id is not None:
        case_service.refresh(session, image.case_id, requester)
    return job


def _refuse_unfit(correction: ImageCorrection, spec: ModalitySpec) -> None:
    """Refuse attributes and views that images of a modality do not have."""
    for name in _OF_SOME:
        if getattr(correction, name) is not None and name not in spec.attributes:
            values = {"attribute": name, "modality": spec.name}
            raise ProblemError(422, "invalid_request", "attribute", values=values)
    if correction.view is not None and not spec.accepts_view(correction.view):
        values = {"view": correction.view, "modality": spec.name}
        raise ProblemError(422, "invalid_request", "view", values=values)


def check_target(session: Session, user: User, image: Image, case_id: str | None) -> None:
    """Check that a user may move an image into a case, or out of any.

    Raises:
        ProblemError: `case_is_sample` (409), `forbidden` (403), `not_found` (404), or `invalid_request` (422) if the
            case is of another owner.
    """
    if image.case_id is not None and cases.by_id(session, image.case_id).sample:
        raise ProblemError(409, "case_is_sample", "film")
    if case_id is None:
        check_may_take_out(image, user)
        return
    case = cases.visible(session, user, case_id)
    if case is None:
        raise not_found("case")
    if case.sample:
        raise ProblemError(409, "case_is_sample", "film")
    if case.owner_id != image.owner_id:
        raise ProblemError(422, "invalid_request", "other_owner")


def move(session: Session, image: Image, case_id: str | None, requester: Requester, *, accepted: bool) -> None:
    """Move an image into a case, or out of any, with its analyses, verdicts and what readers drew on it.

    A film that is kept apart becomes one of the case's images, in the case that it is kept apart from as well. The case
    that it leaves is updated; the caller updates the one that it comes into.

    Raises:
        ProblemError: `duplicate_image` or `other_patient`, 409.
    """
    if case_id is not None:
        refuse_other_patient(session, image, repository.of_case(session, case_id), accepted=accepted)
    _refuse_twin(session, image, image.modality, case_id)
    left, image.case_id, image.apart = image.case_id, case_id, False
    session.flush()
    if left == case_id:
        return
    if left is not None and case_id is not None:
        _keep_read_twice(cases.by_id(session, left), cases.by_id(session, case_id))
    reviews.move(session, image.id, case_id)
    if case_id is not None:
        reader_findings.move(session, image.id, case_id)
    if left is not None:
        case_service.refresh(session, left, requester)


def _keep_read_twice(left: Case, into: Case) -> None:
    """A film that two people have to read is not moved to where one would do."""
    into.double_reading = into.double_reading or left.double_reading


def _header(store: ObjectStore, image: Image, spec: ModalitySpec) -> ImageHeader:
    with store.open(image.object_key) as stream:
        return read_header(stream, spec)


def _reinterpret(session: Session, image: Image, spec: ModalitySpec, header: ImageHeader) -> None:
    _refuse_twin(session, image, spec.name, image.case_id)
    image.modality, image.media_type = spec.name, header.media_type
    image.width, image.height = header.width, header.height
    for name in _OF_SOME:
        if name not in spec.attributes:
            setattr(image, name, None)


def _refuse_twin(session: Session, image: Image, modality: Modality, case_id: str | None) -> None:
    known = repository.duplicate(session, image.owner_id, modality, image.sha256, case_id, other_than=image.id)
    if known is not None:
        values = {"modality": modality}
        raise ProblemError(409, "duplicate_image", "modality", values=values, existing_image_id=known.id)
