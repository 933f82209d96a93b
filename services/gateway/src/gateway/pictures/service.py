"""Requests pictures and finds them in the object store.

They are not in the database, because all can be drawn again.
"""

from collections.abc import Iterator
from typing import NamedTuple

import structlog
from celery import Celery
from redis.exceptions import RedisError

from gateway.errors import ProblemError
from gateway.streaming import pieces_of, size_of
from lobule import layout
from lobule.contracts.pictures import PictureFacts, PictureKind
from lobule.errors import AnalysisError
from lobule.limits import MAX_PREVIEWS
from lobule.progress_cache import ProgressCache
from lobule.queueing import ask_for_picture
from lobule.storage import ObjectNotFoundError, ObjectStore

log = structlog.get_logger()


class Drawn(NamedTuple):
    """A file of a picture.

    Attributes:
        size: Size in bytes.
        pieces: Bytes of the file. The samples of the largest film have 200 MB.
    """

    size: int
    pieces: Iterator[bytes]


class PictureService:
    """Finds existing pictures and requests the others from the report service.

    Args:
        store: The object store.
        celery: Sends requests to the report service.
        cache: Stores which pictures were requested, and when a preview is to be deleted.
    """

    def __init__(self, store: ObjectStore, celery: Celery, cache: ProgressCache) -> None:
        self._store, self._celery, self._cache = store, celery, cache

    def facts(self, prefix: str) -> PictureFacts | None:
        """The facts of a drawn picture; None until it is drawn."""
        try:
            return PictureFacts.model_validate_json(self._store.get(layout.file_key(prefix, layout.FACTS_FILE)))
        except ObjectNotFoundError:
            return None

    def ask(self, source_key: str, prefix: str, kind: PictureKind) -> PictureFacts | None:
        """Request a picture of a file, unless it exists or is being drawn.

        Raises:
            RedisError, kombu's OperationalError: Redis cannot be reached.
        """
        facts = self.facts(prefix)
        if facts is not None:
            return facts
        if self._cache.mark_requested(prefix):
            ask_for_picture(self._celery, source_key, prefix, kind)
        return None

    def read(self, prefix: str, name: str) -> Drawn:
        """A picture that was drawn.

        Raises:
            ProblemError: `picture_not_ready`, 409.
        """
        drawn = self.find(prefix, name)
        if drawn is None:
            raise ProblemError(409, "picture_not_ready")
        return drawn

    def find(self, prefix: str, name: str) -> Drawn | None:
        """A picture that was drawn; None if it is not there."""
        key = layout.file_key(prefix, name)
        try:
            return Drawn(size_of(self._store, key), pieces_of(self._store, key))
        except ObjectNotFoundError:
            return None

    def check_previews(self, user_id: str, *, more: int = 1) -> None:
        """Refuse a preview of a user who has as many as may be: each is kept for an hour, and drawn in turn.

        Args:
            user_id: The user.
            more: How many are not remembered yet.

        Raises:
            ProblemError: `queue_full`, 429.
        """
        try:
            kept = self._cache.scheduled_below(layout.preview_folder(user_id, ""))
        except RedisError as error:  # without it, none is drawn
            log.warning("previews_not_counted", error=repr(error))
            return
        if kept + more > MAX_PREVIEWS:
            values = {"most": MAX_PREVIEWS}
            raise ProblemError(429, "queue_full", "previews", values=values, headers={"Retry-After": "60"})

    def remember_preview(self, user_id: str, prefix: str) -> None:
        """Schedule a preview for deletion, and delete those that are due.

        Previews that arrive at once are counted once more: each counts itself and those that were remembered before.

        Raises:
            ProblemError: `queue_full`, 429. The preview is deleted.
        """
        try:
            self._cache.schedule_deletion(prefix)
            for old in self._cache.take_expired():
                self._store.delete(old)
        except RedisError as error:
            log.warning("previews_not_swept", error=repr(error))
        try:
            self.check_previews(user_id, more=0)
        except ProblemError:
            self.forget_preview(prefix)
            raise

    def refuse_preview(self, prefix: str, error: AnalysisError) -> PictureFacts:
        """Delete the file of a preview whose names cannot be taken out; what is left says why."""
        facts = PictureFacts(error=error.document())
        self._store.delete(prefix)
        self._store.put(layout.file_key(prefix, layout.FACTS_FILE), facts.model_dump_json().encode())
        return facts

    def forget_preview(self, prefix: str) -> None:
        """Delete a preview."""
        self._store.delete(prefix)
        try:
            self._cache.forget_deletion(prefix)
        except RedisError as error:
            log.warning("previews_not_swept", error=repr(error))
