"""Queries on modalities."""

from collections.abc import Iterator, Mapping, Sequence
from typing import get_args

import structlog
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.clock import now
from gateway.modalities.models import AnnouncedModality
from lobule.contracts.language import LANGUAGES
from lobule.contracts.modality import Format, ModalitySpec
from lobule.modalities import PACKAGED
from lobule.queueing import REPORT_QUEUE

log = structlog.get_logger()

_KNOWN = "modalities"  # key in `Session.info`: queried once in a session, which lasts no longer than a request


def known(session: Session) -> Mapping[str, ModalitySpec]:
    """Every modality by its name: as last announced, else as defined by Lobule."""
    if _KNOWN not in session.info:
        with session.no_autoflush:
            rows = session.scalars(select(AnnouncedModality).order_by(AnnouncedModality.name)).all()
        session.info[_KNOWN] = {**PACKAGED, **{spec.name: spec for spec in _valid(rows)}}
    return session.info[_KNOWN]


def _valid(rows: Sequence[AnnouncedModality]) -> Iterator[ModalitySpec]:
    """The specifications that this version can read; another one may have written the rest."""
    for row in rows:
        try:
            yield ModalitySpec.model_validate(row.document)
        except ValidationError as error:
            log.warning("modality_unreadable", modality=row.name, error=str(error))


def neutral(name: str) -> ModalitySpec:
    """A neutral specification, with which images of an unknown modality can be shown."""
    titles = dict.fromkeys(LANGUAGES, name)
    return ModalitySpec(name=name, queue=name, titles=titles, formats=get_args(Format), evidence="image")


def queues_of(session: Session) -> list[str]:
    """Every queue of steps, in the order of the modalities; those of the report service last."""
    return [*dict.fromkeys(spec.queue for spec in known(session).values()), REPORT_QUEUE]


def keep(session: Session, spec: ModalitySpec) -> None:
    """Write a specification that a worker announces."""
    row = session.get(AnnouncedModality, spec.name) or AnnouncedModality(name=spec.name)
    row.document, row.announced_at = spec.model_dump(mode="json"), now()
    session.add(row)
    session.info.pop(_KNOWN, None)
