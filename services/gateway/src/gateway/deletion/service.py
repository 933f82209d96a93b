"""Deletes a case: its rows in one transaction, then its objects."""

from sqlalchemy.orm import Session

from gateway.cases import repository as cases
from gateway.cases import service as case_service
from gateway.cases import sheets
from gateway.cases.models import Case
from gateway.cases.reading import check_free
from gateway.cases.repositories import reads
from gateway.corrections import removal
from gateway.deletion import repository
from gateway.deletion.schemas import Losses
from gateway.emergency import repository as emergency
from gateway.errors import ProblemError
from gateway.images import repository as images
from gateway.images.models import Image
from gateway.jobs import repository as jobs
from gateway.objects import delete_after_commit
from gateway.reader_findings import service as reader_findings
from gateway.reports import repository as reports
from gateway.reviews.service import reviews_of
from gateway.users.models import User
from gateway.users.permissions import has_permission
from lobule import layout
from lobule.storage import ObjectStore


def delete_case(
    session: Session, store: ObjectStore, case: Case, user: User, if_match: str | None = None, *, signed: bool = False
) -> tuple[Losses, list[str]]:
    """Delete a case with its images, analyses, reviews and reports. Running work is stopped and its output refused.

    Its owner may do that, and an administrator who opened it in an emergency.

    Args:
        session: The request's transaction; when it commits, the objects are deleted, too.
        store: The object store.
        case: The case.
        user: The user who deletes it.
        if_match: ETag of the case as the user saw it.
        signed: Whether signed reports may be deleted too.

    Returns:
        What was deleted, and the folders of its objects.

    Raises:
        ProblemError: `forbidden` (403), `case_has_report`, `image_signed` or `case_claimed` (409), or `case_changed`
            (412), also if an image was added meanwhile.
    """
    held = repository.image_ids(session, case.id)
    for image_id in held:  # steps before the case, as a worker that completes one
        jobs.lock_steps_of_image(session, image_id)
    case = cases.locked(session, case.id)
    case_service.check_unchanged(case, if_match)
    if repository.image_ids(session, case.id) != held:
        raise case_service.case_changed()
    refusal = refusal_of(session, case, user, signed=signed)
    if refusal is not None:
        raise refusal
    lost = losses_of_case(session, case, user, signed=signed)
    for image in images.with_apart(session, case.id):
        removal.cancel_analyses(session, image)
    by_owner = user.id == case.owner_id and user.role != "service"  # of a program's case, people are told
    prefixes = delete_rows(session, case.id, keep_notices=not by_owner)
    delete_after_commit(session, store, prefixes)
    session.expire_all()
    return lost, prefixes


def delete_rows(session: Session, case_id: str, *, keep_notices: bool = False) -> list[str]:
    """Delete a case's rows and all that refer to them, without checks; returns the prefixes of its objects.

    The caller deletes the objects once the transaction is committed.

    Args:
        session: The transaction.
        case_id: Which case.
        keep_notices: Whether emergency accesses are still told: not the person deletes it who is told of them.
    """
    if not keep_notices:
        emergency.forget(session, case_id)
    repository.delete_documents(session, case_id)
    prefixes = [layout.instance_folder(each) for each in repository.instances(session, case_id)]
    for image_id in repository.image_ids(session, case_id):
        prefixes += removal.delete_rows(session, image_id)
    prefixes += jobs.delete_keyed(session, [f"case:{case_id}:"])
    repository.delete_row(session, case_id)
    return prefixes


def refusal_of(session: Session, case: Case, user: User, *, signed: bool) -> ProblemError | None:
    """Why a user may not delete a case now; None if they may."""
    if user.id != case.owner_id and not has_permission(user.role, "emergency"):
        return ProblemError(403, "forbidden", "case_deletion")
    try:
        check_free(case, user)
    except ProblemError as claimed:
        return claimed
    if signed:
        return None
    if case.signed_version is not None or reads.any_of_case(session, case.id):
        return ProblemError(409, "case_has_report")
    if any(image.signed for image in images.of_case(session, case.id)):  # of another case's, which it was taken out of
        return ProblemError(409, "image_signed", "case_deletion")
    return None


def losses_of_case(session: Session, case: Case, user: User, *, signed: bool) -> Losses:
    """What goes with a case, and whether this user may delete it now."""
    refusal, seen = refusal_of(session, case, user, signed=signed), sheets.sheets_of(session, case, user)
    held = repository.image_ids(session, case.id)
    return Losses(
        images=len(held),
        analyses=repository.analyses(session, held),
        reviews=len(reviews_of(session, case, seen)),
        drawn_findings=len(reader_findings.findings(session, case, seen)),
        reports=len(reports.of_case(session, case.id)),
        dicom_objects=len(repository.instances(session, case.id)),
        refused=refusal.code if refusal else None,
    )


def losses_of_image(session: Session, image: Image, user: User) -> Losses:
    """What goes with an image, and whether this user may remove it now."""
    case = cases.by_id_or_none(session, image.case_id) if image.case_id else None
    seen = (sheets.sheets_of(session, case, user) if case else sheets.Sheets()).shown
    refused = None if removal.may_take_out(image, user) else "forbidden"
    if refused is None and image.signed:
        refused = "image_signed"
    return Losses(
        images=1,
        analyses=repository.analyses(session, [image.id]),
        reviews=repository.reviews_of_image(session, image.id, seen),
        drawn_findings=repository.drawn_on_image(session, image.id, seen),
        reports=0,
        dicom_objects=0,
        refused=refused,
    )
