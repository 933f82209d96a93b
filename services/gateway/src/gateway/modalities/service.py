"""Learning modalities from what workers announce, and finding them."""

from collections.abc import Mapping

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.database import SessionFactory, read
from gateway.errors import ProblemError
from gateway.modalities import repository
from lobule.contracts.modality import ModalitySpec
from lobule.modalities import PACKAGED
from lobule.progress_cache import ProgressCache
from lobule.queueing import PICTURE_QUEUE, REPORT_QUEUE

log = structlog.get_logger()


def required(session: Session, name: str) -> ModalitySpec:
    """A modality by its name.

    Raises:
        ProblemError: `unknown_modality`, 422.
    """
    spec = repository.known(session).get(name)
    if spec is None:
        raise ProblemError(422, "unknown_modality", "named", values={"name": name})
    return spec


def _fault(spec: ModalitySpec) -> str | None:
    """Why an announced specification is refused."""
    if spec.queue in (REPORT_QUEUE, PICTURE_QUEUE):
        return f"{spec.queue} is a queue of the report service"
    packaged = PACKAGED.get(spec.name)
    if packaged is not None and packaged.evidence != spec.evidence:
        return f"images of {spec.name} are evidence of the kind {packaged.evidence}"
    return None


def _acceptable(spec: ModalitySpec) -> bool:
    fault = _fault(spec)
    if fault is not None:
        log.warning("modality_refused", modality=spec.name, fault=fault)
    return fault is None


class Modalities:
    """The modalities of a server.

    Args:
        sessions: Opens transactions.
        cache: The cache in which workers announce them.
    """

    def __init__(self, sessions: SessionFactory, cache: ProgressCache) -> None:
        self._sessions, self._cache = sessions, cache

    def known(self) -> Mapping[str, ModalitySpec]:
        """Every modality by its name."""
        return read(self._sessions, repository.known)

    def find(self, session: Session, name: str) -> ModalitySpec | None:
        """A modality by its name, also of a worker that has only just started; None if there is none."""
        return repository.known(session).get(name) or self.learn().get(name)

    def learn(self) -> Mapping[str, ModalitySpec]:
        """Keep what workers announce that is new or has changed; gives every modality."""
        try:
            announced = self._cache.modalities()
        except (RedisError, ValueError) as error:
            log.warning("modalities_not_learnt", error=repr(error))
            return self.known()
        known = self.known()
        new = [spec for spec in announced if known.get(spec.name) != spec and _acceptable(spec)]
        if not new:
            return known
        try:
            with self._sessions.begin() as session:
                for spec in new:
                    log.info("modality_learnt", modality=spec.name, queue=spec.queue)
                    repository.keep(session, spec)
        except IntegrityError:  # another gateway stored it first
            log.info("modality_known_already")
        return self.known()
