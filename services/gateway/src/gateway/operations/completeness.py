"""Compares what the database names with what the object store has."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from gateway.database import only_reading
from gateway.operations.backup import stored_bytes
from gateway.operations.repositories import completeness as rows
from lobule import layout
from lobule.storage import ObjectNotFoundError, ObjectStore
from lobule.storage.local import LocalStore

_RESULTS = {"inference": layout.result_key, "examination": layout.examination_key, "region": layout.region_key}


def missing_objects(engine: Engine, store: ObjectStore) -> Iterator[str]:
    """Keys of what the database names, the store lacks, and cannot be made again.

    These are uploads, DICOM objects, results, and the PDFs of signed reports that have a signature of their own.
    """

    def lacks(key: str) -> bool:
        try:
            with store.open(key):
                return False
        except ObjectNotFoundError:
            return True

    for read in (rows.uploads, rows.instances):
        yield from (key for _, key in _each(engine, read) if lacks(key))
    for job, step, attempt in _each(engine, rows.results, place=slice(2)):
        if lacks(key := _RESULTS[step](layout.attempt_folder(job, step, attempt))):
            yield key
    for _, detail in _each(engine, rows.signed_pdfs):
        if "folder" in detail and _is_served(engine, detail, lacks):  # the first events named no folder
            key = layout.signed_pdf_key(detail["folder"], detail["language"], detail["sha256"])
            if lacks(key):
                yield key


def restore_object(store: ObjectStore, folder: Path, key: str) -> bool:
    """Copy a missing object from a backup, with its data keys if it is encrypted; False if the backup lacks it."""
    raw, keys, objects = stored_bytes(store), LocalStore(folder / "keys"), LocalStore(folder / "objects")
    try:
        with objects.open(key) as reader, raw.writer(key) as writer:
            while piece := reader.read(1024 * 1024):
                writer.write(piece)
    except ObjectNotFoundError:
        return False
    for entry in keys.entries(layout.key_folder(key)):
        try:
            with raw.open(entry.key):
                pass
        except ObjectNotFoundError:
            raw.put(entry.key, keys.get(entry.key))
    return True


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
