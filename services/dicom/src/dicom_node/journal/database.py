"""The journal's database: one SQLite file, written through to the disk at every commit."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dicom_node.journal import orders

_SCHEMA = """
CREATE TABLE IF NOT EXISTS studies (
    study_uid TEXT PRIMARY KEY,
    pseudonym TEXT NOT NULL UNIQUE,
    case_id TEXT,
    state TEXT NOT NULL,
    changed_at REAL NOT NULL,
    due_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    problem TEXT,
    delivered_at REAL,
    look_at REAL
);
CREATE TABLE IF NOT EXISTS received (
    sop_instance_uid TEXT PRIMARY KEY,
    sop_class_uid TEXT NOT NULL,
    study_uid TEXT NOT NULL REFERENCES studies,
    sha256 TEXT NOT NULL,
    file_sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    hanging TEXT,
    calling_ae TEXT NOT NULL,
    received_at REAL NOT NULL,
    state TEXT NOT NULL,
    job_id TEXT,
    refusal TEXT
);
CREATE INDEX IF NOT EXISTS received_of_study ON received (study_uid);
CREATE INDEX IF NOT EXISTS received_by_state ON received (state);
CREATE TABLE IF NOT EXISTS settled (
    study_uid TEXT PRIMARY KEY REFERENCES studies,
    looked_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS products (
    study_uid TEXT NOT NULL REFERENCES studies,
    kind TEXT NOT NULL,
    part TEXT NOT NULL,
    version INTEGER NOT NULL,
    made_from TEXT NOT NULL,
    PRIMARY KEY (study_uid, kind, part)
);
CREATE TABLE IF NOT EXISTS made (
    sop_instance_uid TEXT PRIMARY KEY,
    sop_class_uid TEXT NOT NULL,
    series_uid TEXT NOT NULL,
    study_uid TEXT NOT NULL REFERENCES studies,
    kind TEXT NOT NULL,
    part TEXT NOT NULL,
    version INTEGER NOT NULL,
    made_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS made_of_study ON made (study_uid, kind, part);
CREATE TABLE IF NOT EXISTS sendings (
    sop_instance_uid TEXT NOT NULL REFERENCES made,
    destination TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting',
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at REAL NOT NULL,
    problem TEXT,
    asked_again_at REAL,
    PRIMARY KEY (sop_instance_uid, destination)
);
CREATE TABLE IF NOT EXISTS prior_searches (
    study_uid TEXT NOT NULL REFERENCES studies,
    node TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting',
    attempts INTEGER NOT NULL DEFAULT 0,
    asked_at REAL NOT NULL,
    due_at REAL NOT NULL,
    problem TEXT,
    PRIMARY KEY (study_uid, node)
);
CREATE TABLE IF NOT EXISTS prior_films (
    study_uid TEXT NOT NULL REFERENCES studies,
    sop_instance_uid TEXT NOT NULL,
    prior_study_uid TEXT NOT NULL,
    PRIMARY KEY (study_uid, sop_instance_uid)
);
CREATE TABLE IF NOT EXISTS orders (
    accession TEXT PRIMARY KEY,
    patient_id TEXT NOT NULL,
    placer TEXT NOT NULL,
    filler TEXT NOT NULL,
    told_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS merges (
    message_id TEXT NOT NULL,
    told_at REAL NOT NULL,
    authority TEXT NOT NULL,
    former TEXT NOT NULL,
    present TEXT NOT NULL,
    undone INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting',
    UNIQUE (message_id, former, present)
);
CREATE INDEX IF NOT EXISTS merges_of_former ON merges (former);
CREATE INDEX IF NOT EXISTS merges_of_present ON merges (present);
CREATE TABLE IF NOT EXISTS order_patients (
    accession TEXT NOT NULL REFERENCES orders ON DELETE CASCADE,
    patient_id TEXT NOT NULL,
    PRIMARY KEY (accession, patient_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS orders_of_patient ON order_patients (patient_id);
CREATE TABLE IF NOT EXISTS work_items (
    uid TEXT PRIMARY KEY,
    transaction_uid TEXT NOT NULL,
    study_uid TEXT,
    state TEXT NOT NULL,
    claimed_at REAL NOT NULL,
    due_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    problem TEXT
);
CREATE TABLE IF NOT EXISTS retention_runs (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS commitments (
    transaction_uid TEXT NOT NULL,
    calling_ae TEXT NOT NULL,
    asked TEXT NOT NULL,
    asked_at REAL NOT NULL,
    due_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (transaction_uid, calling_ae)
);
"""


class Journal:
    """The journal of one node. Its methods may be called from every thread.

    Args:
        path: The file; it is made where it is missing.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.row_factory = sqlite3.Row
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")  # a commit is on the disk when it returns
        self._database.execute("PRAGMA foreign_keys = ON")
        self._database.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
        self._database.execute("PRAGMA busy_timeout = 10000")  # the command line writes, too
        self._database.executescript(_SCHEMA)
        if _lacks_asked_again(self._database):  # the journal of an earlier version
            with self.transaction() as database:
                if _lacks_asked_again(database):  # no other process was faster
                    database.execute("ALTER TABLE sendings ADD COLUMN asked_again_at REAL")
        if orders.without_patients(self._database):  # an earlier version stored them
            with self.transaction() as database:
                orders.list_patients(database)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A transaction; it is on the disk when the block ends, and undone where the block raises."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The database, to read from."""
        with self._lock:
            yield self._database

    def overwrite_deleted(self) -> None:
        """Take deleted rows out of the write-ahead log, too."""
        with self._lock:
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()


def _lacks_asked_again(database: sqlite3.Connection) -> bool:
    return "asked_again_at" not in [row["name"] for row in database.execute("PRAGMA table_info(sendings)")]
