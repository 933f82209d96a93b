"""Removes an image: its rows in one transaction, then its objects."""

from sqlalchemy.orm import Session

from gateway.cases import repository as cases
from gateway.cases import service as case_service
from gateway.errors import ProblemError, not_found
from gateway.images import repository
from gateway.images.models import Image
from gateway.jobs import repository as jobs
from gateway.jobs import service as job_service
from gateway.objects import delete_after_commit
from gateway.reviews import repository as reviews
from lobule import layout
from lobule.contracts.progress import FINAL_STATES
from lobule.storage import ObjectStore


def remove(session: Session, store: ObjectStore, image: Image, if_match: str | None = None) -> None:
    """Remove an image with its analyses and reviews. Running work is stopped and its output refused.

    Args:
        session: Of the request; when it commits, the objects are deleted too.
        store: Where the image's objects lie.
        image: Which.
        if_match: The ETag of its case as the user saw it.

    Raises:
        ProblemError: `not_found` (404), `image_signed` (409) or `case_changed` (412).
    """
    delete_after_commit(session, store, take_out(session, image, if_match))


def lock(session: Session, image: Image, if_match: str | None) -> None:
    """Lock the steps of an image, then its case: in the same order as a worker that completes a step.

    Raises:
        ProblemError: `case_changed`, 412, where the case is not as the user saw it, or `not_found`, 404.
    """
    jobs.lock_steps_of_image(session, image.id)
    case = cases.locked(session, image.case_id) if image.case_id is not None else None
    case_service.check_unchanged(case, if_match)
    if not repository.refresh(session, image):  # removed meanwhile
        raise not_found("image")


def take_out(session: Session, image: Image, if_match: str | None) -> list[str]:
    """Delete an image's rows; returns the prefixes of the objects to delete after the commit.

    Raises:
        ProblemError: `not_found` (404), `image_signed` (409) or `case_changed` (412).
    """
    lock(session, image, if_match)
    for job in jobs.of_image(session, image.id):
        if job.state not in FINAL_STATES:
            job_service.cancel(session, job)  # its owner's webhooks are told, as of any job that ends
    session.flush()
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


def delete_rows(session: Session, image_id: str) -> list[str]:
    """Delete an image's rows and those that refer to them; returns the prefixes of its objects."""
    ids = jobs.ids_of_image(session, image_id)
    reviews.delete_of_jobs(session, ids)
    prefixes = jobs.delete_works(session, ids) + jobs.delete_keyed(session, [f"job:{each}:" for each in ids])
    repository.delete_row(session, image_id)
    return [*prefixes, layout.image_folder(image_id)]
