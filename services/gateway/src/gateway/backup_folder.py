"""The folder of a backup: which files it has, which of them count, and who may write to it.

`backup.json` names the folder of the rows that belong to it. The rows of the next backup are written beside them, and
count once `backup.json` is replaced, so that one that is interrupted leaves the backup before as it was.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from lobule.errors import SentenceError

_ABOUT, _LOCK = "backup.json", "lock"
_ROWS = ("rows", "rows-2")  # of a backup and of the next one in the same folder, in turn
_OWN = {_ABOUT, f"{_ABOUT}.new", _LOCK, "objects", "keys", *_ROWS}


class BackupError(SentenceError):
    """A backup cannot be made, or must not be restored."""

    prefix = "backup."


def check_own(folder: Path) -> None:
    """Refuse a folder that is neither new nor of backups; a first backup that was interrupted left a lock in it.

    Raises:
        BackupError: It holds something else.
    """
    there = {path.name for path in folder.iterdir()} if folder.exists() else set[str]()
    if there and _ABOUT not in there and not (_LOCK in there and there <= _OWN):
        raise BackupError("another_folder", folder=folder)


def description(folder: Path) -> dict[str, Any]:
    """What a backup says of itself, such as the `revision` of its database; raises `BackupError` if there is none."""
    try:
        return json.loads((folder / _ABOUT).read_text())
    except FileNotFoundError:
        raise BackupError("none", folder=folder) from None
    except ValueError:
        raise BackupError("unreadable", file=folder / _ABOUT) from None


def describe(folder: Path, about: dict[str, Any]) -> None:
    """Replace what the backup says of itself as a whole."""
    new = folder / f"{_ABOUT}.new"
    with new.open("w") as stream:
        json.dump(about, stream, indent=2)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(folder / _ABOUT)


def rows_folder(folder: Path) -> Path:
    """The folder of a backup's rows; raises `BackupError` if there is no backup."""
    return folder / description(folder).get("rows_folder", _ROWS[0])


def next_rows_folder(folder: Path) -> Path:
    """The folder in which the rows of the next backup are written."""
    with suppress(BackupError):
        if rows_folder(folder).name == _ROWS[0]:
            return folder / _ROWS[1]
    return folder / _ROWS[0]


def forget_partial(folder: Path, rows: Path) -> None:
    """Delete the rows of a backup that was not completed, which would go on filling its disk."""
    with suppress(BackupError):
        if rows_folder(folder) == rows:
            return
    shutil.rmtree(rows, ignore_errors=True)
    (folder / f"{_ABOUT}.new").unlink(missing_ok=True)


def all_rows_folders(folder: Path) -> list[Path]:
    """The existing folders of rows: that of the backup, and that of a later backup that was interrupted."""
    return [folder / name for name in _ROWS if (folder / name).is_dir()]


@contextmanager
def in_use(folder: Path) -> Generator[None]:
    """Wait until no other command writes to a backup or deletes from it, and keep others waiting.

    A file system without locks has none.
    """
    if not folder.is_dir():
        raise BackupError("none", folder=folder)
    with (folder / _LOCK).open("w") as file:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
