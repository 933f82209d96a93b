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

_PIECE = 1024 * 1024
_RESULTS = {"inference": layout.result_key, "examination": layout.examination_key, "region": layout.region_key}


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


def missing_objects(engine: Engine, store: ObjectStore) -> Iterator[ExpectedObject]:
    """What the database names, the store lacks, and cannot be made again.

    These are uploads, DICOM objects, results, and the PDFs of signed reports that have a signature of their own.
    """

    def lacks(key: str) -> bool:
        try:
            with store.open(key):
                return False
        except ObjectNotFoundError:
            return True

    for read in (rows.uploads, rows.instances):
        yield from (ExpectedObject(*about) for _, *about in _each(engine, read) if lacks(about[0]))
    for job, step, attempt in _each(engine, rows.results, place=slice(2)):
        if lacks(key := _RESULTS[step](layout.attempt_folder(job, step, attempt))):
            yield ExpectedObject(key)
    for _, detail in _each(engine, rows.signed_pdfs):
        if "folder" in detail and _is_served(engine, detail, lacks):  # the first events named no folder
            key = layout.signed_pdf_key(detail["folder"], detail["language"], detail["sha256"])
            if lacks(key):
                yield ExpectedObject(key, detail["sha256"])


def restore_object(
    store: ObjectStore, folder: Path, wanted: ExpectedObject
) -> Literal["restored", "missing", "damaged"]:
    """Copy a missing object from a backup, with its data keys if it is encrypted; a damaged one is not copied."""
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


def _is_served(engine: Engine, detail: dict[str, Any], lacks: Callable[[str], bool]) -> bool:
    """Whether a signed PDF may still be asked for: a later attempt that is done takes the place of former ones."""
    work, (_, attempt) = layout.place_of(detail["folder"]).id, layout.attempt_of(detail["folder"])
    with engine.connect() as connection:
        step = rows.rendering(only_reading(connection), work)
    if step is None:
        return False
    if step.state == "done":
        return attempt == step.attempt
    return not lacks(layout.report_key(detail["folder"], detail["language"], "pdf"))
