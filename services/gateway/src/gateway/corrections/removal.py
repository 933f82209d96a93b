"""Removes an image: its rows in one transaction, then its objects."""

from sqlalchemy.orm import Session

from gateway.cases import repository as cases
from gateway.cases import service as case_service
from gateway.cases.reading import check_free
from gateway.errors import ProblemError, not_found
from gateway.images import repository
from gateway.images.models import Image
from gateway.jobs import repository as jobs
from gateway.jobs import service as job_service
from gateway.objects import delete_after_commit
from gateway.reviews import repository as reviews
from gateway.users.models import User
from lobule import layout
from lobule.contracts.progress import FINAL_STATES
from lobule.storage import ObjectStore


def remove(session: Session, store: ObjectStore, image: Image, user: User, if_match: str | None = None) -> list[str]:
    """Remove an image with its analyses and reviews. Running work is stopped and its output refused.

    Its owner may do that.

    Returns:
        The folders of its objects.

    Args:
        session: The request's transaction; when it commits, the objects are deleted, too.
        store: The object store.
        image: The image.
        user: The user who removes it.
        if_match: ETag of the case as the user saw it.

    Raises:
        ProblemError: `forbidden` (403), `not_found` (404), `image_signed` or `case_claimed` (409), or `case_changed`
            (412).
    """
    check_may_take_out(image, user)
    prefixes = take_out(session, image, user, if_match)
    delete_after_commit(session, store, prefixes)
    return prefixes


def may_take_out(image: Image, user: User) -> bool:
    """Whether a user may remove an image, or take it out of the case that they see it in."""
    return user.id == image.owner_id


def check_may_take_out(image: Image, user: User) -> None:
    """Refuse a group member's removal of an image of another owner, or its removal from the case in which they see it.

    Raises:
        ProblemError: `forbidden`, 403.
    """
    if not may_take_out(image, user):
        raise ProblemError(403, "forbidden", "removal")


def lock(session: Session, image: Image, user: User, if_match: str | None, into: str | None = None) -> None:
    """Lock the steps of an image, then its case: in the same order as a worker that completes a step.

    Args:
        session: The transaction.
        image: The image to change.
        user: The user who changes it; nobody else may have claimed its case.
        if_match: ETag of the case as the user saw it.
        into: The case into which it moves, which is locked with its own.

    Raises:
        ProblemError: `case_changed`, 412, if the case is not as the user saw it, `case_claimed`, 409, or
            `not_found`, 404.
    """
    jobs.lock_steps_of_image(session, image.id)
    left = image.case_id
    locked = {each: cases.locked(session, each) for each in sorted(each for each in {left, into} if each is not None)}
    case = locked.get(left or "")
    case_service.check_unchanged(case, if_match)
    if case is not None:
        check_free(case, user)
    if not repository.refresh(session, image):  # removed meanwhile
        raise not_found("image")
    if image.case_id != left:  # moved meanwhile
        raise ProblemError(412, "case_changed")


def take_out(session: Session, image: Image, user: User, if_match: str | None) -> list[str]:
    """Delete an image's rows, whosever it is; returns the prefixes of the objects to delete after the commit.

    Raises:
        ProblemError: `not_found` (404), `image_signed` or `case_claimed` (409), or `case_changed` (412).
    """
    lock(session, image, user, if_match)
    cancel_analyses(session, image)
    case_id = image.case_id
    if image.signed:
        raise ProblemError(409, "image_signed", "removal")
    prefixes = delete_rows(session, image.id)
    if case_id is not None:
        prefixes += jobs.delete_keyed(session, [f"case:{case_id}:draft:"])
    session.expire_all()
    if case_id is not None:
        case_service.refresh(session, case_id)
    return prefixes


def cancel_analyses(session: Session, image: Image) -> None:
    """Stop the analyses of an image that has been locked. Its owner's webhooks are told, as of any job that ends."""
    for job in jobs.of_image(session, image.id):
        if job.state not in FINAL_STATES:
            job_service.cancel(session, job)
    session.flush()


def delete_rows(session: Session, image_id: str) -> list[str]:
    """Delete an image's rows and those that refer to them; returns the prefixes of its objects."""
    ids = jobs.ids_of_image(session, image_id)
    reviews.delete_of_jobs(session, ids)
    keys = [*(f"job:{each}:" for each in ids), jobs.opinions_of_image(image_id)]
    prefixes = jobs.delete_works(session, ids) + jobs.delete_keyed(session, keys)
    repository.delete_row(session, image_id)
    return [*prefixes, layout.image_folder(image_id)]
