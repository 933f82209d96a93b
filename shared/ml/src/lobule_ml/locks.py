"""Locks on files, with which only one process at a time computes or trains something."""

import errno
import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}  # some network file systems have no locks


@contextmanager
def locked(file: Path, when_busy: Callable[[], object]) -> Iterator[None]:
    """Hold the lock of a file; the kernel releases it if the process is killed.

    On a file system without locks, nothing is locked.

    Args:
        file: The file, which is created if necessary, and stays.
        when_busy: Called if another process holds the lock; raises, or returns to wait for it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as stream:
        try:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                when_busy()
                fcntl.flock(stream, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
        yield
