"""Takes an image out of a case that it does not belong to: into a case of its own, into another one, or for good."""

import secrets
from collections.abc import Sequence

from sqlalchemy.orm import Session

from gateway.cases import repository as cases
from gateway.cases import service as case_service
from gateway.cases.models import Case, Rule
from gateway.corrections import removal, service
from gateway.corrections.schemas import ImageExclusion
from gateway.errors import ProblemError, not_found
from gateway.groups import repository as groups
from gateway.images import repository as images
from gateway.images.identity import of_other_patients
from gateway.images.models import Image
from gateway.jobs.queues.lanes import Requester
from gateway.objects import delete_after_commit
from gateway.users import repository as users
from gateway.users.models import User
from lobule.storage import ObjectStore


def excludable(session: Session, held: Sequence[Image], user: User) -> set[str]:
    """The ids of the images that a user who sees them may take out of their case.

    Its owner may take out every image. Whoever sees the case may do so with a film that names another patient, and with
    every image if its owner is a program or was deactivated: nobody else could.

    Args:
        session: The transaction.
        held: All images of a case, or one film that is kept apart from it.
        user: The user who sees the images.
    """
    if not held:
        return set()
    owner = users.by_id(session, held[0].owner_id)
    if owner is None or owner.id == user.id or owner.role == "service" or not owner.active:
        return {image.id for image in held}
    return of_other_patients(session, held) | {image.id for image in held if image.apart}


def exclude(
    session: Session,
    store: ObjectStore,
    user: User,
    image: Image,
    wanted: ImageExclusion,
    *,
    rule: Rule | None,
    requester: Requester,
    if_match: str | None = None,
) -> tuple[Case | None, list[str]]:
    """Take an image out of its case; returns the case that it is in now, or the folders of its deleted objects.

    Its analyses, verdicts and what readers drew on it go with it. Both cases are concluded and their films read
    together anew, and a signed report of either is superseded.

    Args:
        session: The transaction.
        store: The object store.
        user: The user who asks.
        image: The image that does not belong to its case.
        wanted: What to do with the image.
        rule: Rule of double reading for a new case.
        requester: The user for whom the films are read together again.
        if_match: ETag of the image's case as the user saw it.

    Raises:
        ProblemError: `forbidden` (403), `not_found` (404), `case_claimed`, `case_is_sample`, `duplicate_image`,
            `image_signed` or `other_patient` (409), `case_changed` (412), or `invalid_request` (422).
    """
    if image.case_id is None:
        raise not_found("case")
    if image.case_id == wanted.case_id:
        raise ProblemError(422, "invalid_request", "same_case")
    left = cases.by_id(session, image.case_id)
    if left.sample:
        raise ProblemError(409, "case_is_sample", "film")
    own = [image] if image.apart else images.of_case(session, image.case_id)
    if image.id not in excludable(session, own, user):
        raise ProblemError(403, "forbidden", "removal")
    if wanted.into == "deletion":
        prefixes = removal.take_out(session, image, user, if_match)
        delete_after_commit(session, store, prefixes)
        return None, prefixes
    if wanted.case_id is not None:
        service.check_target(session, user, image, wanted.case_id)
        case = cases.by_id(session, wanted.case_id)
    else:
        case = _open(session, left, wanted.pseudonym, rule)
    removal.lock(session, image, user, if_match, into=case.id)
    service.move(session, image, case.id, requester, accepted=wanted.accept_other_patient)
    return case_service.refresh(session, case.id, requester), []


def _open(session: Session, left: Case, pseudonym: str | None, rule: Rule | None) -> Case:
    """Open a case that the people see who see the one that the image leaves."""
    drawn = f"FILM-{secrets.token_hex(4).upper()}"
    case = Case(owner_id=left.owner_id, pseudonym=pseudonym or drawn, double_reading=rule)
    session.add(case)
    session.flush()
    groups.share(session, case.id, groups.group_of(session, left.id))
    return case
