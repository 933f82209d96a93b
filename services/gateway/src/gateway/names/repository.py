"""Queries on kept identities."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.images.models import Image
from gateway.names.models import KeptIdentity


def find(session: Session, object_key: str) -> KeptIdentity | None:
    """The kept identity of the file with a key."""
    return session.get(KeptIdentity, object_key)


def of_case(session: Session, case_id: str) -> Sequence[KeptIdentity]:
    """The identities of the images of a case, the oldest image first."""
    query = select(KeptIdentity).join(Image, KeptIdentity.image_id == Image.id).where(Image.case_id == case_id)
    return session.scalars(query.order_by(Image.created_at, Image.id)).all()
