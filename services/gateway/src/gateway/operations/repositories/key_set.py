"""Keys of the object store, of which there are more than memory has room for."""

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self


class KeySet:
    """A set of keys on the disk, in a file beside a folder that is gone once it is closed.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        file = folder.with_name("keys.forgetting")
        file.unlink(missing_ok=True)  # of a command that was killed
        self._rows = sqlite3.connect(file)
        self._rows.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF")
        self._rows.execute("CREATE TABLE keys (key TEXT PRIMARY KEY) WITHOUT ROWID")
        file.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _where: TracebackType | None) -> None:
        self._rows.close()

    def __len__(self) -> int:
        return self._rows.execute("SELECT count(*) FROM keys").fetchone()[0]

    def __iter__(self) -> Iterator[str]:
        return (key for (key,) in self._rows.execute("SELECT key FROM keys"))

    def __contains__(self, key: str) -> bool:
        return self._rows.execute("SELECT 1 FROM keys WHERE key = ?", (key,)).fetchone() is not None

    def add(self, keys: Iterable[str]) -> None:
        """Add keys."""
        self._rows.executemany("INSERT OR IGNORE INTO keys VALUES (?)", ((key,) for key in keys))

    def remove(self, keys: Iterable[str]) -> None:
        """Remove keys; those that are not in it do not matter."""
        self._rows.executemany("DELETE FROM keys WHERE key = ?", ((key,) for key in keys))
