"""Draws stored files for display: reads them from the store, has the decoder process draw them, stores the pictures."""

from collections.abc import Mapping

import structlog
from pydantic import ValidationError

from lobule import layout
from lobule.contracts.pictures import PictureFacts, PictureKind
from lobule.decoding.decoder import Decoder
from lobule.decoding.image_file import ImageFile
from lobule.errors import AnalysisError
from lobule.layout import FACTS_FILE, OVERVIEW_FILE, PREVIEW_FILE, SAMPLES_FILE
from lobule.settings import film_settings
from lobule.storage import ObjectNotFoundError, ObjectStore

log = structlog.get_logger()

_TASK = "report.film_view:decode_picture_file"
_DECODER = Decoder(_TASK)
_FILES = {OVERVIEW_FILE, PREVIEW_FILE, SAMPLES_FILE}


class PictureHandler:
    """Draws stored files; see `lobule.worker.pictures.PictureHandler`."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        film_settings()  # a wrong one ends the worker as it starts
        _DECODER.start()

    def draw(self, source_key: str, target_prefix: str, kind: PictureKind) -> None:
        """Draw a file. An error is written to the facts, so that no client waits for a picture that cannot be drawn.

        Nothing is left of a file that is deleted meanwhile.
        """
        try:
            with self._store.open(source_key) as file:
                facts, files = self._drawn(file, kind)
        except ObjectNotFoundError:
            log.info("picture_source_gone", key=source_key)
            return
        except AnalysisError as error:
            facts, files = PictureFacts(error=error.document()), {}
        except Exception:  # such as a time limit
            log.exception("picture_failed", key=source_key)
            facts, files = PictureFacts(error=AnalysisError("internal_error", "picture").document()), {}
        self._leave(target_prefix, facts, files)
        try:
            with self._store.open(source_key):
                pass
        except ObjectNotFoundError:
            log.info("picture_source_gone", key=source_key)
            self._store.delete(layout.folder_of_upload(source_key))

    def give_up(self, target_prefix: str, error: AnalysisError) -> None:
        """Leave an error in the place of the pictures."""
        self._leave(target_prefix, PictureFacts(error=error.document()))

    def _leave(self, target_prefix: str, facts: PictureFacts, files: Mapping[str, bytes] | None = None) -> None:
        """Store the pictures before the document about them, because clients wait for the latter."""
        left = dict(files or {}) | {FACTS_FILE: facts.model_dump_json().encode()}
        self._store.put_all({layout.file_key(target_prefix, name): content for name, content in left.items()})

    def _drawn(self, file: ImageFile, kind: PictureKind) -> tuple[PictureFacts, dict[str, bytes]]:
        """What `report.film_view.draw_picture` says and draws, in the decoder."""
        decoded = _DECODER.run(_TASK, file, kind=kind, mask_text=film_settings().mask_text)
        try:
            facts = PictureFacts.model_validate_json(decoded.facts)
        except ValidationError:
            facts = None
        if facts is None or not decoded.arrays.keys() <= _FILES:
            raise AnalysisError("image_unreadable")
        return facts, {name: content.tobytes() for name, content in decoded.arrays.items()}
