"""Queries on kept identities."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.images.models import Image
from gateway.names.models import KeptIdentity


def find(session: Session, object_key: str) -> KeptIdentity | None:
    """The kept identity of the file with a key."""
    return session.get(KeptIdentity, object_key)


def of_case(session: Session, case_id: str) -> Sequence[tuple[KeptIdentity, bool]]:
    """The identities of the files of a case, its images first, and whether the film is kept apart from them."""
    query = select(KeptIdentity, Image.apart).join(Image, KeptIdentity.image_id == Image.id)
    query = query.where(Image.case_id == case_id).order_by(Image.apart, Image.created_at, Image.id)
    return [(kept, apart) for kept, apart in session.execute(query)]
