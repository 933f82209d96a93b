"""Films that the node asked an archive to send to it (C-MOVE): they are no new study."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AwaitedFilms:
    """Films that are on their way. Its methods may be called from every thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: dict[str, tuple[Path, threading.Event]] = {}

    @contextmanager
    def awaiting(self, sop_instance_uid: str, path: Path) -> Iterator[threading.Event]:
        """Have a film written into a file when it comes; the event tells that it has."""
        came = threading.Event()
        with self._lock:
            self._places[sop_instance_uid] = (path, came)
        try:
            yield came
        finally:
            with self._lock:
                self._places.pop(sop_instance_uid, None)

    def take(self, sop_instance_uid: str, file: Path) -> bool:
        """Move a received file to where it is awaited; False where nobody waits for it."""
        with self._lock:
            path, came = self._places.pop(sop_instance_uid, (None, None))
            if path is None or came is None:
                return False
            file.rename(path)
        came.set()
        return True
