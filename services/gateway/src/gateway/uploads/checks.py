"""Checks an upload: its description, its case, and whether it is a duplicate."""

from collections.abc import Sequence

from pydantic import ValidationError
from sqlalchemy.orm import Session

from gateway.cases import repository as cases
from gateway.errors import ProblemError, not_found
from gateway.images import repository as images
from gateway.images.identity import differences_from, refuse_other_patient
from gateway.images.models import Image
from gateway.jobs import repository as jobs
from gateway.modalities.service import Modalities
from gateway.uploads.schemas import ImageOptions, Twin
from gateway.users.models import User
from lobule.contracts.result import Modality
from lobule.errors import AnalysisError
from lobule.imaging.dicom.digest import PATIENT, film_digest
from lobule.storage import ObjectNotFoundError, ObjectStore


class Duplicate(Exception):  # noqa: N818 - not always an error: /diagnose answers with the job that exists
    """There is an image with the same bytes or of the same SOP instance; `job_id` is its newest job."""

    def __init__(self, image_id: str, job_id: str) -> None:
        super().__init__(image_id)
        self.image_id, self.job_id = image_id, job_id


class OtherFilm(Exception):  # noqa: N818 - as `Duplicate`
    """A film of a SOP instance that the case has as another film: with other pixels, or other tags that are read."""


def parse_options(
    session: Session, fields: dict[str, str], modalities: Modalities, default_modality: Modality | None = None
) -> ImageOptions:
    """Read the options from the text fields of an upload; empty fields count as absent.

    Args:
        session: The transaction.
        fields: Text fields by name.
        modalities: The modalities that this server knows.
        default_modality: Modality of an upload that names none.

    Raises:
        ProblemError: `unknown_modality` or `invalid_request`, 422.
    """
    given = {name: value for name, value in fields.items() if value}
    if default_modality is not None:
        given.setdefault("modality", default_modality)
    spec = modalities.find(session, given.get("modality", ""))
    if spec is None:
        raise ProblemError(422, "unknown_modality", "upload", values={"known": sorted(modalities.known())})
    try:
        return ImageOptions.model_validate({**given, "spec": spec})
    except ValidationError as error:
        first = error.errors()[0]
        values = {"fields": [f"{first['loc'][0]}: {first['msg']}"]}
        raise ProblemError(422, "invalid_request", "fields", values=values) from None


def check_place(session: Session, user: User, options: ImageOptions, *, sample: bool = False) -> None:
    """Refuse an upload into a case, or as a replacement of an image, that is not the user's.

    Args:
        session: The transaction.
        user: The user who uploads.
        options: The user's description of the image.
        sample: Whether it is a film of the sample case, which accepts no other.

    Raises:
        ProblemError: `not_found` (404), `case_is_sample` (409), or `invalid_request` (422) if the image is not of
            the case that is named.
    """
    if options.case_id is not None:
        case = cases.visible(session, user, options.case_id)
        if case is None:
            raise not_found("case")
        if case.sample and not sample:
            raise ProblemError(409, "case_is_sample", "film")
    image = images.by_id(session, options.replaces) if options.replaces is not None else None
    if image is None:
        return  # perhaps replaced already by this upload, if its response was lost: see `UploadService.accept`
    if images.visible(session, user, image.id) is None:
        raise not_found("image")
    if image.case_id != options.case_id:
        raise ProblemError(422, "invalid_request", "replaces")


def refuse_duplicate(session: Session, image: Image) -> None:
    """Refuse a duplicate within a case. A program that names no case is told of the existing analysis."""
    twins = images.twins(session, image.owner_id, image.modality, image.sha256)
    same = [twin for twin in twins if image.case_id in (None, twin.case_id)]
    # For an image without a case, a duplicate without a case comes first: it was uploaded in the same way.
    if same:
        known = next((twin for twin in same if twin.case_id == image.case_id), same[0])
        raise Duplicate(known.id, jobs.latest_of_image(session, known.id).id)


def refuse_instance(session: Session, store: ObjectStore, image: Image, others: Sequence[Image]) -> None:
    """Refuse a SOP instance that a case has already.

    Raises:
        Duplicate: It is the same film, perhaps in other bytes: whoever passed it on changed a tag that is not read.
        OtherFilm: It has other pixels, another compression or other tags that are read.
        ProblemError: `other_patient`, 409: of another one, such as after a correction of the patient's identity.
    """
    known = same_instance(image, others)
    if known is not None:
        if differences_from(session, image, [known]):
            refuse_other_patient(session, image, others, accepted=False)
        if image.received_sha256 != known.received_sha256 and not _is_same_film(store, image, known):
            raise OtherFilm
        raise Duplicate(known.id, jobs.latest_of_image(session, known.id).id)


def _is_same_film(store: ObjectStore, one: Image, other: Image) -> bool:
    """Whether two stored, that is de-identified, films are the same one; a film that is gone counts as the same."""
    try:
        with store.open(one.object_key) as first, store.open(other.object_key) as second:
            return film_digest(first, PATIENT) == film_digest(second, PATIENT)
    except ObjectNotFoundError:
        return True
    except AnalysisError:
        return False


def same_instance(image: Image, others: Sequence[Image]) -> Image | None:
    """Which of some images is of the same SOP instance."""
    mark = image.identity.instance_mark
    return next((other for other in others if mark is not None and other.identity.instance_mark == mark), None)


def also_in(session: Session, user: User, image: Image) -> list[Twin]:
    """The owner's other images with the same bytes and modality, as far as this user may see them; newest first."""
    twins = images.twins(session, image.owner_id, image.modality, image.sha256)
    others = [twin for twin in twins if twin.id != image.id and images.visible(session, user, twin.id) is not None]
    return [_twin(session, twin) for twin in others]


def _twin(session: Session, image: Image) -> Twin:
    case = cases.by_id(session, image.case_id) if image.case_id else None
    pseudonym = case.pseudonym if case else None
    return Twin(
        image_id=image.id, job_id=jobs.latest_of_image(session, image.id).id, case_id=image.case_id, pseudonym=pseudonym
    )
