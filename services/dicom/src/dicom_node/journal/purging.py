"""Deletes all that the journal has of a study."""

import sqlite3
from collections.abc import Sequence


def studies_of_case(database: sqlite3.Connection, case_id: str) -> Sequence[str]:
    """The studies of a case."""
    rows = database.execute("SELECT study_uid FROM studies WHERE case_id = ?", (case_id,))
    return [row["study_uid"] for row in rows]


def purge(database: sqlite3.Connection, study_uid: str) -> tuple[Sequence[str], Sequence[str]]:
    """Delete every row of a study; returns the hashes of the received objects and the names of the created ones."""
    hashes = [row[0] for row in database.execute("SELECT sha256 FROM received WHERE study_uid = ?", (study_uid,))]
    names = [row[0] for row in database.execute("SELECT sop_instance_uid FROM made WHERE study_uid = ?", (study_uid,))]
    database.executemany("DELETE FROM sendings WHERE sop_instance_uid = ?", [(name,) for name in names])
    for table in ("made", "products", "settled", "prior_searches", "prior_films", "work_items", "received", "studies"):
        database.execute(f"DELETE FROM {table} WHERE study_uid = ?", (study_uid,))  # noqa: S608 - names of our own
    return hashes, names
