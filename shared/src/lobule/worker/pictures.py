"""Attempts to draw a picture for display.

Pictures are not steps: the database does not know them, and they can be drawn again.
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
        """Draw a file, and write the pictures or the error below a prefix.

        Args:
            source_key: Object key of the file.
            target_prefix: Prefix for the pictures.
            kind: Kind of the picture.
        """
        ...

    def give_up(self, target_prefix: str, error: AnalysisError) -> None:
        """Write an error instead of the pictures, so that no client waits for them."""
        ...


class PictureRunner:
    """Draws pictures, and gives up on a file that repeatedly kills the process that draws it.

    After each such end, its message is redelivered immediately.

    Args:
        handler: Draws the pictures.
        cache: Counts the attempts.
    """

    def __init__(self, handler: PictureHandler, cache: ProgressCache) -> None:
        self._handler, self._cache = handler, cache

    def run(self, source_key: str, target_prefix: str, kind: PictureKind) -> None:
        """Draw a file, unless too many attempts at it have started and not ended."""
        try:
            tries = self._cache.count_picture_try(target_prefix)
        except RedisError as error:  # messages come from Redis, so the next attempt will be counted again
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
