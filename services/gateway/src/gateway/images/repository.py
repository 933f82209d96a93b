"""Queries on images."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, case, delete, or_, select, update
from sqlalchemy.orm import Session

from gateway.groups.repository import shared_with
from gateway.images.models import Image, PatientMerge
from gateway.paging import Order, count, created_between, page
from gateway.users.models import User
from lobule.contracts.result import Assessment, Modality


def _visible_to(user: User) -> Select[Image]:
    query = select(Image)
    return query.where(or_(Image.owner_id == user.id, Image.case_id.in_(shared_with(user))))


def visible(session: Session, user: User, image_id: str) -> Image | None:
    """An image that this user may see."""
    return session.scalar(_visible_to(user).where(Image.id == image_id))


@dataclass(frozen=True)
class ImageFilter:
    """Which images are listed; None does not restrict.

    Attributes:
        case_id: Only those of this case.
        modality: Only those of this modality.
        sha256: Only those of these bytes.
        since: Only those uploaded at this time or later.
        until: Only those uploaded before this time.
    """

    case_id: str | None = None
    modality: Modality | None = None
    sha256: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def listed(
    session: Session, user: User, wanted: ImageFilter, limit: int, cursor: str | None, *, oldest_first: bool
) -> tuple[Sequence[Image], str | None]:
    """A page of the images that this user may see, and the cursor of the next."""
    order = Order((Image.created_at, Image.id), descending=not oldest_first)
    return page(session, _filtered(user, wanted), order, limit, cursor)


def number(session: Session, user: User, wanted: ImageFilter) -> int:
    """The number of images on all pages of `listed`."""
    return count(session, _filtered(user, wanted))


def _filtered(user: User, wanted: ImageFilter) -> Select[Image]:
    query = _visible_to(user)
    equal = ((Image.case_id, wanted.case_id), (Image.modality, wanted.modality))
    query = query.where(*(column == value for column, value in equal if value is not None))
    if wanted.sha256 is not None:
        query = query.where(Image.has_sha256(wanted.sha256))
    return created_between(query, Image.created_at, wanted.since, wanted.until)


def by_id(session: Session, image_id: str) -> Image | None:
    """An image, regardless of who may see it."""
    return session.get(Image, image_id)


def of_case(session: Session, case_id: str) -> Sequence[Image]:
    """The images of a case, oldest first, without films that are kept apart."""
    query = select(Image).where(Image.case_id == case_id, Image.apart.is_(False))
    return session.scalars(query.order_by(Image.created_at)).all()


def apart_from(session: Session, case_id: str) -> Sequence[Image]:
    """The films of other patients that are kept apart from the images of a case, oldest first."""
    query = select(Image).where(Image.case_id == case_id, Image.apart.is_(True))
    return session.scalars(query.order_by(Image.created_at, Image.id)).all()


def with_apart(session: Session, case_id: str) -> Sequence[Image]:
    """The images of a case and the films that are kept apart from them."""
    return [*of_case(session, case_id), *apart_from(session, case_id)]


def of_patients(session: Session, user: User, marks: Set[str], other_than_case: str | None = None) -> Sequence[Image]:
    """The images in cases, of those that this user may see, whose files bear one of these marks of patients."""
    column = Image.__table__.c.patient_id_mark
    query = _visible_to(user).where(column.in_(marks), Image.case_id.is_not(None), Image.apart.is_(False))
    return session.scalars(query.where(Image.case_id != other_than_case) if other_than_case else query).all()


def twins(session: Session, owner_id: str, modality: Modality, sha256: str) -> Sequence[Image]:
    """The owner's images of the same bytes and modality, in cases and outside, newest first."""
    same = select(Image).where(Image.owner_id == owner_id, Image.modality == modality)
    old = same.where(Image.received_sha256.is_(None), Image.stored_sha256 == sha256)
    # one after the other, for no index serves both
    found = [*session.scalars(same.where(Image.received_sha256 == sha256)), *session.scalars(old)]
    return sorted(found, key=lambda image: image.created_at, reverse=True)


def duplicate(
    session: Session, owner_id: str, modality: Modality, sha256: str, case_id: str | None, other_than: str | None = None
) -> Image | None:
    """The owner's other image of the same bytes and modality in the same case, or in no case if `case_id` is None."""
    found = twins(session, owner_id, modality, sha256)
    return next((image for image in found if image.case_id == case_id and image.id != other_than), None)


def refresh(session: Session, image: Image) -> bool:
    """Read an image's row again, which another transaction may have changed; returns whether it still exists."""
    return session.get(Image, image.id, populate_existing=True) is not None


def delete_row(session: Session, image_id: str) -> None:
    """Delete an image's row. The rows that refer to it must be deleted first."""
    session.execute(delete(Image).where(Image.id == image_id))


def mark_signed(session: Session, case_id: str, current: Mapping[str, Assessment | None]) -> None:
    """Mark the images of a case as part of a signed report, so that they cannot be deleted.

    Args:
        session: The transaction.
        case_id: The case.
        current: The images of it that were no priors, with what the report says of them.
    """
    session.execute(update(Image).where(Image.case_id == case_id, Image.apart.is_(False)).values(signed=True))
    for image_id, assessment in current.items():
        signed = {"signed_as_current": True, "signed_assessment": assessment}
        session.execute(update(Image).where(Image.id == image_id).values(**signed))


def merges_of(session: Session, marks: Set[str]) -> Sequence[PatientMerge]:
    """What was told of identifiers with one of these marks, and of those that they are linked with, in any order."""
    if not marks:
        return []
    former, present = PatientMerge.former_mark, PatientMerge.present_mark
    told = select(former.label("mark")).where(or_(former.in_(marks), present.in_(marks)))
    linked = told.cte("linked", recursive=True)
    other = select(case((former == linked.c.mark, present), else_=former))
    linked = linked.union(other.where(or_(former == linked.c.mark, present == linked.c.mark)))
    return session.scalars(select(PatientMerge).where(former.in_(select(linked.c.mark)))).all()


def merge_of_message(session: Session, merge: PatientMerge) -> PatientMerge | None:
    """What the same message told of the same identifiers before."""
    same = ("owner_id", "message_id", "former_mark", "present_mark")
    query = select(PatientMerge).where(*(getattr(PatientMerge, name) == getattr(merge, name) for name in same))
    return session.scalar(query)


def of_owner(session: Session, owner_id: str, marks: Set[str]) -> Sequence[Image]:
    """The images of an owner in cases whose files bear one of these marks of patients, those kept apart too."""
    column = Image.__table__.c.patient_id_mark
    query = select(Image).where(Image.owner_id == owner_id, column.in_(marks), Image.case_id.is_not(None))
    return session.scalars(query.order_by(Image.id)).all()
