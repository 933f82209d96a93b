"""Deletes from a backup what the store no longer has. Neither has to have room in memory: a backup has more keys."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from gateway.backup_folder import BackupError, in_use, rows_folder
from gateway.operations.backup import stored_bytes
from gateway.operations.repositories.key_set import KeySet
from lobule import layout
from lobule.storage import ObjectStore
from lobule.storage.local import LocalStore

_What = Literal["keys", "objects"]
_NONE: dict[_What, str] = {"keys": "no_keys", "objects": "no_objects"}
_MOST: dict[_What, str] = {"keys": "most_keys", "objects": "most_objects"}
"""Codes of what the store of another system lacks."""


def forget_keys(store: ObjectStore, folder: Path, *, sure: bool = False) -> int:
    """Delete the keys of a backup that the store no longer has, so that what was purged is unreadable there, too.

    Args:
        store: Store of the backup.
        folder: Folder of the backup.
        sure: Whether more than half of them may be deleted.

    Returns:
        How many were deleted.

    Raises:
        BackupError: The store has none of the keys, so that it is not the one of this backup, or lacks most of them.
    """
    with in_use(folder):
        return _forget(store, folder / "keys", [layout.KEYS], "keys", [], sure=sure)


def forget_objects(store: ObjectStore, folder: Path, *, sure: bool = False) -> int:
    """Delete the objects of a backup that the store no longer has, such as those of purged patients.

    The rows of the backup should be newer than what was deleted: make a backup into the folder first.

    Args:
        store: Store of the backup.
        folder: Folder of the backup.
        sure: Whether more than half of them may be deleted, and what the rows of the backup name.

    Returns:
        How many were deleted.

    Raises:
        BackupError: The store has none of the objects, so that it is not the one of this backup, or lacks most of them,
            or some that the rows of the backup name.
    """
    with in_use(folder):
        named = _named_files(rows_folder(folder))
        return _forget(store, folder / "objects", layout.OWNERS, "objects", named, sure=sure)


def _named_files(rows: Path) -> Iterator[str]:
    """The keys of all uploads that the rows of a backup name."""
    with (rows / "images.jsonl").open() as lines:
        for line in lines:
            yield json.loads(line)["object_key"]


def _forget(
    store: ObjectStore,
    folder: Path,
    kinds: Sequence[str],
    what: _What,
    named: Iterable[str],
    *,
    sure: bool,
) -> int:
    backup = LocalStore(folder)
    with KeySet(folder) as gone:
        gone.add(entry.key for kind in kinds for entry in backup.entries(kind))
        kept = len(gone)
        # After those of the backup: what the store is given meanwhile does not count as deleted.
        gone.remove(entry.key for kind in kinds for entry in stored_bytes(store).entries(kind))
        count = len(gone)
        if kept and count == kept:
            raise BackupError(_NONE[what])
        if not sure and (lost := sum(key in gone for key in named)):
            raise BackupError("named", count=lost)
        if not sure and count > kept / 2:
            raise BackupError(_MOST[what], count=count, kept=kept)
        for key in gone:
            backup.delete(key)
    return count
