"""Compares what the database names with what the object store has."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Engine

from gateway.database import only_reading
from gateway.operations.backup import stored_bytes
from gateway.operations.repositories import completeness as rows
from lobule import layout
from lobule.storage import ObjectNotFoundError, ObjectStore
from lobule.storage.encrypted import EncryptedStore, ObjectDamagedError
from lobule.storage.keyless import KeylessStore
from lobule.storage.local import LocalStore

Fault = Literal["missing", "damaged"]
_PIECE = 1024 * 1024


@dataclass(frozen=True)
class ExpectedObject:
    """What the database knows of an object before encryption; None where it does not."""

    key: str
    sha256: str | None = None
    size_bytes: int | None = None

    def is_in(self, store: ObjectStore) -> bool:
        """Whether a store's object is this one, as far as the database or the encryption can tell."""
        digest, size = hashlib.sha256(), 0
        try:
            with store.open(self.key) as stream:
                while piece := stream.read(_PIECE):
                    digest.update(piece)
                    size += len(piece)
        except ObjectDamagedError:
            return False
        return self.sha256 in (None, digest.hexdigest()) and self.size_bytes in (None, size)


def faulty_objects(
    engine: Engine, store: ObjectStore, *, contents: bool = False
) -> Iterator[tuple[ExpectedObject, Fault]]:
    """What the database names and the store lacks or, with `contents`, has otherwise than it was written.

    These are uploads, DICOM objects, results, and the PDFs of signed reports with their own signatures: what cannot be
    made again as it was. One object is in memory at a time, and of that a piece.
    """
    for wanted in _expected_objects(engine, store):
        if _lacks(store, wanted.key):
            yield wanted, "missing"
        elif contents and not wanted.is_in(store):
            yield wanted, "damaged"


def _expected_objects(engine: Engine, store: ObjectStore) -> Iterator[ExpectedObject]:
    for read in (rows.uploads, rows.instances):
        yield from (ExpectedObject(*about) for _, *about in _each(engine, read))
    for job, step, attempt in _each(engine, rows.results, place=slice(2)):
        yield ExpectedObject(layout.conclusion_key(layout.attempt_folder(job, step, attempt), step))
    for work, key, attempt, files in _each(engine, rows.rendered_pdfs):
        name = layout.report_file(key.split(":")[-2], "pdf")
        folder = layout.attempt_folder(work, "render", attempt)
        yield ExpectedObject(layout.file_key(folder, name), (files or {}).get(str(attempt), {}).get(name))
    for _, detail in _each(engine, rows.signed_pdfs):
        if "folder" in detail and _is_served(engine, store, detail):  # the first events named no folder
            key = layout.signed_pdf_key(detail["folder"], detail["language"], detail["sha256"])
            yield ExpectedObject(key, detail["sha256"])


def _lacks(store: ObjectStore, key: str) -> bool:
    try:
        with store.open(key):
            return False
    except ObjectNotFoundError:
        return True


def restore_object(
    store: ObjectStore, folder: Path, wanted: ExpectedObject
) -> Literal["restored", "missing", "damaged"]:
    """Copy an object from a backup, with its data keys if it is encrypted; one that is damaged there is not copied."""
    raw, keys, objects = stored_bytes(store), LocalStore(folder / "keys"), LocalStore(folder / "objects")
    if objects.size_of(wanted.key) is None:
        return "missing"
    for entry in keys.entries(layout.key_folder(wanted.key)):
        try:
            with raw.open(entry.key):
                pass
        except ObjectNotFoundError:
            raw.put(entry.key, keys.get(entry.key))
    is_encrypting = isinstance(store, EncryptedStore)
    try:
        if not wanted.is_in(EncryptedStore(objects, store.keys) if is_encrypting else KeylessStore(objects)):
            return "damaged"
    except ObjectNotFoundError:  # its data key was forgotten
        return "missing"
    with objects.open(wanted.key) as reader, raw.writer(wanted.key) as writer:
        while piece := reader.read(_PIECE):
            writer.write(piece)
    return "restored"


def _each(engine: Engine, read: Callable[[Connection, Any], Sequence[Any]], place: int | slice = 0) -> Iterator[Any]:
    """The rows of all pages. No transaction is open while the store is asked."""
    after = None
    while page := _page(engine, read, after):
        yield from page
        after = page[-1][place]


def _page(engine: Engine, read: Callable[[Connection, Any], Sequence[Any]], after: object) -> Sequence[Any]:
    with engine.connect() as connection:
        return read(only_reading(connection), after)


def _is_served(engine: Engine, store: ObjectStore, detail: dict[str, Any]) -> bool:
    """Whether a signed PDF may still be asked for: a later attempt that is done takes the place of former ones."""
    work, (_, attempt) = layout.place_of(detail["folder"]).id, layout.attempt_of(detail["folder"])
    with engine.connect() as connection:
        step = rows.rendering(only_reading(connection), work)
    if step is None:
        return False
    if step.state == "done":
        return attempt == step.attempt
    return not _lacks(store, layout.report_key(detail["folder"], detail["language"], "pdf"))
