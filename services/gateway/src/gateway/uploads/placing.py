"""Places an uploaded image in its case, where it may take the place of another one."""

from typing import Any

from sqlalchemy.orm import Session

from gateway.cases import repository as cases
from gateway.corrections import removal
from gateway.errors import not_found
from gateway.images import repository as images
from gateway.images.identity import refuse_other_patient
from gateway.images.models import Image
from gateway.uploads import apart, checks
from gateway.uploads.schemas import ImageOptions
from gateway.users.models import User
from lobule.storage import ObjectStore


def place(
    session: Session, store: ObjectStore, image: Image, options: ImageOptions, user: User, *, by_instance: bool
) -> dict[str, Any]:
    """Remove the images whose place an uploaded one takes, and refuse one that its case cannot have.

    Args:
        session: The transaction.
        store: The object store.
        image: The image, with its case; it is not added here.
        options: The sender's description of it.
        user: The sender.
        by_instance: Whether another file of the same SOP instance in the case is a duplicate, too.

    Returns:
        Details for the audit log.

    Raises:
        Duplicate: The owner has the same bytes already.
        OtherFilm: The case has another film of the same SOP instance, if `by_instance`.
        ProblemError: `other_patient` or `image_signed` (409), or `not_found` (404) of the image to replace.
    """
    detail: dict[str, Any] = {}
    former = apart.same_film(session, image)
    replaced = images.by_id(session, options.replaces) if options.replaces is not None else None
    if replaced is not None:
        detail["replaces"] = replaced.id
        _make_room(session, store, image, replaced, user)
    if image.case_id is not None:
        cases.locked(session, image.case_id)  # two concurrent uploads must see each other's patient
        others = images.of_case(session, image.case_id)
        if by_instance:
            checks.refuse_instance(session, store, image, others)
        detail |= refuse_other_patient(session, image, others, accepted=options.accept_other_patient)
        apart.take_the_place(session, store, image, former)
    checks.refuse_duplicate(session, image)
    if options.replaces is not None and replaced is None:
        raise not_found("image")
    return detail


def _make_room(session: Session, store: ObjectStore, image: Image, replaced: Image, user: User) -> None:
    """Remove the image that this one replaces. Its description is used for attributes that were not given."""
    if replaced.modality == image.modality:
        if image.um_per_pixel is None and image.magnification is None:  # one of them says the scale
            image.um_per_pixel, image.magnification = replaced.um_per_pixel, replaced.magnification
        for name in ("view", "laterality", "study_date"):
            setattr(image, name, getattr(image, name) or getattr(replaced, name))
    removal.remove(session, store, replaced, user)
