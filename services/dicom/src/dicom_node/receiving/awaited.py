"""Films that the node asked an archive to send to it (C-MOVE). They do not start a new study."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LATE_S = 6 * 3600.0
"""How long a film that did not come in time is known for one that was requested."""
_Key = tuple[str, str]


class AwaitedFilms:
    """Films that are on their way. Its methods may be called from every thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: dict[_Key, tuple[Path, threading.Event]] = {}
        self._late: dict[_Key, float] = {}

    @contextmanager
    def awaiting(self, ae_title: str, sop_instance_uid: str, path: Path) -> Iterator[threading.Event]:
        """Write a film that was requested from an archive into a file when it comes, and then set the yielded event."""
        came, key = threading.Event(), (ae_title, sop_instance_uid)
        with self._lock:
            self._places[key] = (path, came)
        try:
            yield came
        finally:
            with self._lock:
                self._late = {each: until for each, until in self._late.items() if until > time.time()}
                if self._places.pop(key, None) is not None:
                    self._late[key] = time.time() + _LATE_S

    def take(self, ae_title: str, sop_instance_uid: str, file: Path) -> bool:
        """Move a received file to where it is awaited; False if it was not requested from its sender.

        A film that comes late is dropped: it is no new study, and is requested again.
        """
        key = (ae_title, sop_instance_uid)
        with self._lock:
            path, came = self._places.pop(key, (None, None))
            if path is None or came is None:
                return self._late.pop(key, 0.0) > time.time()
            self._late.pop(key, None)
            file.rename(path)
        came.set()
        return True
