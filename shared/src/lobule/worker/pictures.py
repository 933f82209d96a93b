"""One try at a picture for display.

Pictures are no steps: the database does not know them, and all can be drawn again.
"""

from typing import Protocol

import structlog
from redis.exceptions import RedisError

from lobule.contracts.pictures import PictureKind
from lobule.errors import AnalysisError
from lobule.progress_cache import ProgressCache

log = structlog.get_logger()

MOST_TRIES = 3


class PictureHandler(Protocol):
    """Draws stored files for display."""

    def draw(self, source_key: str, target_prefix: str, kind: PictureKind) -> None:
        """Draw a file, and leave the pictures or the error below a prefix.

        Args:
            source_key: Of the file.
            target_prefix: For the pictures.
            kind: What is wanted.
        """
        ...

    def give_up(self, target_prefix: str, error: AnalysisError) -> None:
        """Leave an error in the place of the pictures, so that no client waits for them."""
        ...


class PictureRunner:
    """Draws pictures, and gives up a file that ended the process which drew it again and again.

    Its message is delivered again after each such end, at once.

    Args:
        handler: Draws.
        cache: Counts the tries.
    """

    def __init__(self, handler: PictureHandler, cache: ProgressCache) -> None:
        self._handler, self._cache = handler, cache

    def run(self, source_key: str, target_prefix: str, kind: PictureKind) -> None:
        """Draw a file, unless it was begun too often and never ended."""
        try:
            tries = self._cache.count_picture_try(target_prefix)
        except RedisError as error:  # the message came from Redis: the next one is counted again
            log.warning("picture_tries_unknown", error=repr(error))
            tries = 1
        if tries > MOST_TRIES:
            log.error("picture_given_up", key=source_key, tries=tries - 1)
            self._handler.give_up(target_prefix, AnalysisError("worker_lost", "tries", count=tries - 1))
            return
        self._handler.draw(source_key, target_prefix, kind)
        try:
            self._cache.forget_picture_tries(target_prefix)
        except RedisError as error:
            log.warning("picture_tries_kept", error=repr(error))
