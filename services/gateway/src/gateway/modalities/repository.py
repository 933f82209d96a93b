"""Queries on modalities."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.clock import now
from gateway.modalities.models import AnnouncedModality
from lobule.contracts.modality import ModalitySpec
from lobule.modalities import PACKAGED
from lobule.queueing import REPORT_QUEUE

_KNOWN = "modalities"  # in `Session.info`: asked once in a session, which lives no longer than a request


def known(session: Session) -> Mapping[str, ModalitySpec]:
    """Every modality by its name, as it was last announced, else as Lobule brings it along."""
    if _KNOWN not in session.info:
        with session.no_autoflush:
            rows = session.scalars(select(AnnouncedModality).order_by(AnnouncedModality.name)).all()
        announced = {row.name: ModalitySpec.model_validate(row.document) for row in rows}
        session.info[_KNOWN] = {**PACKAGED, **announced}
    return session.info[_KNOWN]


def queues_of(session: Session) -> list[str]:
    """Every queue of steps, in the order of the modalities; those of the report service last."""
    return [*dict.fromkeys(spec.queue for spec in known(session).values()), REPORT_QUEUE]


def keep(session: Session, spec: ModalitySpec) -> None:
    """Write a specification that a worker announces."""
    row = session.get(AnnouncedModality, spec.name) or AnnouncedModality(name=spec.name)
    row.document, row.announced_at = spec.model_dump(mode="json"), now()
    session.add(row)
    session.info.pop(_KNOWN, None)
