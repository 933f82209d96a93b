"""Keeps a film of another patient apart from the images of the case that a program sent it to."""

from sqlalchemy.orm import Session

from gateway.cases import refused_films
from gateway.cases import repository as cases
from gateway.corrections import removal
from gateway.images import repository as images
from gateway.images.identity import PatientAttribute, differences_from
from gateway.images.models import Image
from gateway.jobs import repository as jobs
from gateway.objects import delete_after_commit
from gateway.uploads import checks
from lobule.storage import ObjectStore


def same_film(session: Session, image: Image) -> Image | None:
    """The same film if it is kept apart from the case; its steps are locked, which comes before the case's lock."""
    if image.case_id is None:
        return None
    known = images.duplicate(session, image.owner_id, image.modality, image.sha256, image.case_id)
    if known is None or not known.apart:
        return None
    jobs.lock_steps_of_image(session, known.id)
    return known


def take_the_place(session: Session, store: ObjectStore, image: Image, former: Image | None) -> None:
    """Remove the film that was kept apart, or the note of it, because the same film is added to the case now.

    A film that somebody took out of the case before it was locked stays where it is now.

    Args:
        session: The transaction; the case is locked in it.
        store: The object store.
        image: The film that is added.
        former: What `same_film` found.
    """
    if image.case_id is None:
        return
    refused_films.forget(cases.by_id(session, image.case_id), image.sha256)
    if former is None or not images.refresh(session, former):
        return
    if former.apart and former.case_id == image.case_id:
        removal.cancel_analyses(session, former)
        delete_after_commit(session, store, removal.delete_rows(session, former.id))
        session.expunge(former)


def keep(session: Session, image: Image, *, by_instance: bool) -> list[PatientAttribute] | None:
    """Add a film that names another patient to its case, apart from the case's images.

    Args:
        session: The transaction.
        image: The film.
        by_instance: Whether another file of the same SOP instance is the same film, too.

    Returns:
        What differs from the case's other files; None if the same film is kept already.
    """
    assert image.case_id is not None
    cases.locked(session, image.case_id)  # the same file may arrive twice at the same moment
    if images.duplicate(session, image.owner_id, image.modality, image.sha256, image.case_id) is not None:
        return None
    if by_instance and checks.same_instance(image, images.apart_from(session, image.case_id)) is not None:
        return None
    image.apart = True
    session.add(image)
    session.flush()
    return differences_from(session, image, images.of_case(session, image.case_id))
