"""Removes an image: its rows in one transaction, then its objects."""

from collections.abc import Callable

import structlog
from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from gateway.cases import repository as cases
from gateway.cases import service as case_service
from gateway.database import SessionFactory
from gateway.errors import ProblemError, not_found
from gateway.images import repository
from gateway.images.models import Image
from gateway.jobs import service as job_service
from gateway.jobs.models import Job, Rendering, Step, Work
from gateway.reviews.models import FindingReview
from gateway.users.models import User
from lobule import layout
from lobule.contracts.progress import FINAL_STATES
from lobule.storage import ObjectStore

log = structlog.get_logger()


def remove(
    sessions: SessionFactory,
    store: ObjectStore,
    user: User,
    image_id: str,
    note: Callable[[Session, Image], None],
    if_match: str | None = None,
) -> None:
    """Remove an image with its analyses and reviews. Running work is stopped and its output refused.

    Args:
        sessions: For the transaction.
        store: Where its objects lie.
        user: Who removes it.
        image_id: Which.
        note: Called in the transaction, for the audit log.
        if_match: The ETag of its case as the user saw it.

    Raises:
        ProblemError: `not_found` (404), `image_signed` (409) or `case_changed` (412).
    """
    with sessions.begin() as session:
        image = repository.visible(session, user, image_id)
        if image is None:
            raise not_found("image")
        note(session, image)
        prefixes = take_out(session, image, if_match)
    delete_objects(store, prefixes)


def lock(session: Session, image: Image, if_match: str | None) -> None:
    """Lock the steps of an image, then its case: in the order in which a worker that completes a step locks them.

    Raises:
        ProblemError: `case_changed`, 412, where the case is not as the user saw it.
    """
    steps = select(Step).join(Job, Job.id == Step.job_id).where(Job.image_id == image.id)
    session.scalars(steps.order_by(Step.job_id, Step.name).with_for_update(of=Step)).all()
    case = cases.locked(session, image.case_id) if image.case_id is not None else None
    case_service.check_unchanged(case, if_match)
    session.refresh(image)


def take_out(session: Session, image: Image, if_match: str | None = None) -> list[str]:
    """Delete an image's rows; returns the prefixes of the objects to delete after the commit.

    Raises:
        ProblemError: `image_signed` (409) or `case_changed` (412).
    """
    lock(session, image, if_match)
    for job in session.scalars(select(Job).where(Job.image_id == image.id)).all():
        if job.state not in FINAL_STATES:
            job_service.cancel(session, job)  # webhooks are told, as of any job that ends
    session.flush()
    case_id = image.case_id
    if image.signed:
        raise ProblemError(
            409,
            "image_signed",
            "This image is part of a signed report, which keeps it. It can be taken out of the case instead.",
        )
    prefixes = delete_rows(session, image.id)
    if case_id is not None:
        prefixes += _delete_renderings(session, [f"case:{case_id}:draft:"])
    session.expire_all()
    if case_id is not None:
        case_service.refresh(session, case_id)
    return prefixes


def delete_rows(session: Session, image_id: str) -> list[str]:
    """Delete an image's rows and all that hang on them; gives the prefixes of its objects."""
    jobs = list(session.scalars(select(Job.id).where(Job.image_id == image_id)).all())
    session.execute(delete(FindingReview).where(FindingReview.job_id.in_(jobs)))
    prefixes = delete_works(session, jobs) + _delete_renderings(session, [f"job:{each}:" for each in jobs])
    session.execute(delete(Image).where(Image.id == image_id))
    return [*prefixes, layout.image_folder(image_id)]


def _delete_renderings(session: Session, keys: list[str]) -> list[str]:
    """Delete reports that were rendered on demand, by how their keys begin: they show what is deleted."""
    if not keys:
        return []
    begins = or_(*(Rendering.key.startswith(key, autoescape=True) for key in keys))
    return delete_works(session, list(session.scalars(select(Rendering.id).where(begins))))


def delete_works(session: Session, ids: list[str]) -> list[str]:
    """Delete jobs or renderings with their steps; gives the prefixes of their objects."""
    session.execute(delete(Step).where(Step.job_id.in_(ids)))
    session.execute(delete(Work).where(Work.id.in_(ids)))
    return [layout.work_folder(each) for each in ids]


def delete_objects(store: ObjectStore, prefixes: list[str]) -> None:
    """Delete objects that no row names. If the store cannot be reached, `lobule retention run` deletes them later."""
    for prefix in prefixes:
        try:
            store.delete(prefix)
        except Exception as error:  # noqa: BLE001 - the rows are gone: to the user it is removed
            log.warning("objects_left", prefix=prefix, error=repr(error))
