"""Learning modalities from what workers announce, and finding them."""

from collections.abc import Mapping

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import IntegrityError

from gateway.database import SessionFactory, reading
from gateway.modalities import repository
from lobule.contracts.modality import ModalitySpec
from lobule.progress_cache import ProgressCache

log = structlog.get_logger()


class Modalities:
    """The modalities of a server.

    Args:
        sessions: Of the database, which keeps them.
        cache: Where workers announce them.
    """

    def __init__(self, sessions: SessionFactory, cache: ProgressCache) -> None:
        self._sessions, self._cache = sessions, cache

    def known(self) -> Mapping[str, ModalitySpec]:
        """Every modality by its name."""
        with reading(self._sessions) as session:
            return repository.known(session)

    def find(self, name: str) -> ModalitySpec | None:
        """A modality, where need be one whose worker has started just now; None where there is none of this name."""
        return self.known().get(name) or self.learn().get(name)

    def learn(self) -> Mapping[str, ModalitySpec]:
        """Keep what workers announce that is new or has changed; gives every modality."""
        try:
            announced = self._cache.modalities()
        except (RedisError, ValueError) as error:
            log.warning("modalities_not_learnt", error=repr(error))
            return self.known()
        known = self.known()
        new = [spec for spec in announced if known.get(spec.name) != spec]
        if not new:
            return known
        try:
            with self._sessions.begin() as session:
                for spec in new:
                    log.info("modality_learnt", modality=spec.name, queue=spec.queue)
                    repository.keep(session, spec)
        except IntegrityError:  # another gateway was faster
            log.info("modality_known_already")
        return self.known()
