"""Backup and restore of database and objects, for any database and any store that Lobule runs on.

A backup is a folder: `backup.json`, a file of JSON lines for each table, the objects as they are stored, and the keys
of encrypted ones in a folder apart. The rows are read in one
transaction, and the objects after them: they are written before the rows that name them and never change, so each
object that a row of the backup names is there. Into the same folder again, only new objects are copied.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Date, DateTime, Engine, Table

from gateway import unfinished_upgrade
from gateway.audit.models import AuditChain
from gateway.backup_folder import (
    BackupError,
    all_rows_folders,
    check_own,
    describe,
    description,
    forget_partial,
    in_use,
    next_rows_folder,
    rows_folder,
)
from gateway.clock import now
from gateway.database import Base, UtcDateTime, only_reading
from gateway.migrate import current_revision
from gateway.migration_lock import migration_lock
from gateway.migrations import tables as _tables  # noqa: F401 - so that the metadata knows every table
from gateway.operations.repositories import backup as rows
from gateway.operations.signed_order import in_signed_order
from gateway.reports.models import CaseReport
from lobule import layout
from lobule.storage import ObjectNotFoundError, ObjectStore, StoreFullError, is_disk_full
from lobule.storage.keyless import StoreAround
from lobule.storage.local import LocalStore

_TOGETHER = 500
_TIMES: tuple[tuple[type, type[date]], ...] = ((UtcDateTime, datetime), (DateTime, datetime), (Date, date))
"""Types of columns, and what is written in JSON as text."""


@dataclass(frozen=True)
class Report:
    """What a backup or a restore did."""

    rows: int
    objects: int
    bytes: int
    known: int
    """Objects that were there already."""


def create(engine: Engine, store: ObjectStore, folder: Path) -> Report:
    """Write a backup.

    Args:
        engine: The database.
        store: The object store.
        folder: A new folder, which only its owner can read then, or the folder of an earlier backup.

    Raises:
        BackupError: If the folder holds something else. If its disk is full (`full`), an earlier backup in the folder
            is as it was, and what was copied of objects need not be copied again.
    """
    check_own(folder)
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)  # it has everything of every patient
        with in_use(folder):
            rows_of_this = next_rows_folder(folder)
            shutil.rmtree(rows_of_this, ignore_errors=True)
            try:
                return _create(engine, store, folder, rows_of_this)
            except BaseException:
                forget_partial(folder, rows_of_this)
                raise
    except (OSError, StoreFullError) as error:
        if is_disk_full(error):
            raise BackupError("full", folder=folder.resolve()) from error
        raise


def _create(engine: Engine, store: ObjectStore, folder: Path, rows_of_this: Path) -> Report:
    objects = LocalStore(folder / "objects")
    objects.forget_partial(now())  # of a backup that was interrupted
    rows_of_this.mkdir()
    with migration_lock(engine, shared=True):
        revision, tables = _write_tables(engine, rows_of_this)
    copied, size, known = _copy(stored_bytes(store), objects, layout.OWNERS)
    _copy_keys(stored_bytes(store), LocalStore(folder / "keys"))
    about = {"made_at": now().isoformat(), "revision": revision, "rows_folder": rows_of_this.name, "tables": tables}
    describe(folder, about)
    for former in all_rows_folders(folder):
        if former != rows_of_this:
            shutil.rmtree(former)
    return Report(sum(table["rows"] for table in tables.values()), copied, size, known)


def _write_tables(engine: Engine, folder: Path) -> tuple[str | None, dict[str, dict[str, Any]]]:
    with engine.connect() as connection:
        connection = only_reading(connection)
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        if unfinished_upgrade.noted(connection):
            raise BackupError("upgrade_unfinished")
        revision = current_revision(connection)
        tables = Base.metadata.sorted_tables
        return revision, {table.name: _write_rows(rows.read(connection, table), folder, table) for table in tables}


def restore(engine: Engine, store: ObjectStore, folder: Path) -> Report:
    """Restore a backup into an empty, migrated database and into its store. A gateway that starts waits meanwhile.

    Raises:
        BackupError: If the backup is damaged, the database is not empty, or stands at another revision.
    """
    with migration_lock(engine):
        return _restore(engine, store, folder)


def _restore(engine: Engine, store: ObjectStore, folder: Path) -> Report:
    about, place = description(folder), rows_folder(folder)
    for name, described in about["tables"].items():
        if _sha256(place / f"{name}.jsonl") != described["sha256"]:
            raise BackupError("rows_damaged", table=name)
    with engine.connect() as connection:  # rolled back: nothing is copied into a store that is in use
        _prepare(connection, about)
    if (folder / "keys").exists():
        _copy(LocalStore(folder / "keys"), stored_bytes(store), [layout.KEYS])
    copied, size, known = _copy(LocalStore(folder / "objects"), stored_bytes(store), layout.OWNERS)  # before their rows
    with engine.begin() as connection:
        tables = _prepare(connection, about)
        for table in tables:
            for batch in _read_rows(place / f"{table.name}.jsonl", table):
                is_signed = table.name == CaseReport.__tablename__
                rows.write(connection, table, list(map(in_signed_order, batch)) if is_signed else batch)
        if connection.dialect.name == "postgresql":
            for table in tables:
                rows.continue_numbers(connection, table)
    return Report(sum(table["rows"] for table in about["tables"].values()), copied, size, known)


def _prepare(connection: Connection, about: dict[str, Any]) -> list[Table]:
    """The tables of a backup in a new database, without what its migration made; any other database is refused."""
    current, revision = current_revision(connection), about["revision"]
    if current != revision:
        raise BackupError("other_revision", revision=revision, current=current)
    tables = rows.tables_of(connection, Base.metadata, about["tables"])
    if AuditChain.__tablename__ in about["tables"]:
        rows.forget_empty_chains(connection)
    for table in tables:
        if rows.count(connection, table):
            raise BackupError("database_used", table=table.name)
    return tables


def _write_rows(rows: Any, folder: Path, table: Table) -> dict[str, Any]:
    digest, count = hashlib.sha256(), 0
    with (folder / f"{table.name}.jsonl").open("wb") as stream:
        for row in rows:
            # Not with sorted keys: those of a signed report's content are signed in their order.
            line = json.dumps(dict(row), default=_as_text).encode() + b"\n"
            digest.update(line)
            stream.write(line)
            count += 1
        stream.flush()
        os.fsync(stream.fileno())
    return {"rows": count, "sha256": digest.hexdigest()}


def _as_text(value: object) -> str:
    if isinstance(value, date):  # a datetime is one, too
        return value.isoformat()
    raise TypeError(f"no way to write a {type(value).__name__}")


def _read_rows(path: Path, table: Table) -> Iterator[list[dict[str, Any]]]:
    times = {column.name: kind for column in table.columns for type_, kind in _TIMES if isinstance(column.type, type_)}
    batch: list[dict[str, Any]] = []
    with path.open("rb") as stream:
        for line in stream:
            row = json.loads(line)
            row |= {name: kind.fromisoformat(row[name]) for name, kind in times.items() if row.get(name) is not None}
            batch.append(row)
            if len(batch) == _TOGETHER:
                yield batch
                batch = []
    if batch:
        yield batch


def stored_bytes(store: ObjectStore) -> ObjectStore:
    """A store whose objects are read and written as they lie there, encrypted ones too."""
    return store.inner if isinstance(store, StoreAround) else store


def _copy(source: ObjectStore, target: ObjectStore, folders: Sequence[str]) -> tuple[int, int, int]:
    size_there = _sizes(target, folders)
    copied = size = known = 0
    for kind in folders:
        for entry in source.entries(kind):
            if size_there(entry.key) == entry.size_bytes:
                known += 1
                continue
            with suppress(ObjectNotFoundError):  # deleted meanwhile
                with source.open(entry.key) as reader, target.writer(entry.key) as writer:
                    while piece := reader.read(1024 * 1024):
                        writer.write(piece)
                copied, size = copied + 1, size + entry.size_bytes
    return copied, size, known


def _sizes(store: ObjectStore, folders: Sequence[str]) -> Callable[[str], int | None]:
    """Tells the size of an object of a store, None if there is none. A backup has more of them than there is memory."""
    if isinstance(store, LocalStore):
        return store.size_of
    return {entry.key: entry.size_bytes for kind in folders for entry in store.entries(kind)}.get


def _copy_keys(source: ObjectStore, target: ObjectStore) -> None:
    """Copy all wrapped keys, because one that was wrapped again has the same size as before."""
    for entry in source.entries(layout.KEYS):
        with suppress(ObjectNotFoundError):  # deleted meanwhile
            target.put(entry.key, source.get(entry.key))


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
