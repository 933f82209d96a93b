"""Requests of storage commitment that wait for their answer."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

Reference = tuple[str, str]
"""SOP class and SOP instance of an object."""


@dataclass(frozen=True)
class Commitment:
    """A request.

    Attributes:
        transaction_uid: The UID that the requester gave it.
        calling_ae: AE title of the requester.
        references: The objects.
        asked_at: Seconds since 1970.
        attempts: Failed attempts to answer.
    """

    transaction_uid: str
    calling_ae: str
    references: Sequence[Reference]
    asked_at: float
    attempts: int


def add(
    database: sqlite3.Connection, transaction_uid: str, calling_ae: str, references: Sequence[Reference], now: float
) -> None:
    """Store a request; a repeated request is answered again."""
    database.execute(
        """INSERT OR REPLACE INTO commitments (transaction_uid, calling_ae, asked, asked_at, due_at)
        VALUES (?, ?, ?, ?, ?)""",
        (transaction_uid, calling_ae, json.dumps(references), now, now),
    )


def others_open(database: sqlite3.Connection, transaction_uid: str, calling_ae: str) -> int:
    """The number of other unanswered requests of the same AE title."""
    query = "SELECT count(*) FROM commitments WHERE calling_ae = ? AND transaction_uid != ?"
    return database.execute(query, (calling_ae, transaction_uid)).fetchone()[0]


def counts_by_caller(database: sqlite3.Connection) -> dict[str, int]:
    """Unanswered requests by the AE title of the requester."""
    return dict(database.execute("SELECT calling_ae, count(*) FROM commitments GROUP BY calling_ae").fetchall())


def due(database: sqlite3.Connection, now: float, limit: int = 50) -> Sequence[Commitment]:
    """The requests whose answer is due."""
    rows = database.execute(
        """SELECT transaction_uid, calling_ae, asked, asked_at, attempts FROM commitments WHERE due_at <= ?
        ORDER BY due_at LIMIT ?""",
        (now, limit),
    )
    return [
        Commitment(
            row["transaction_uid"],
            row["calling_ae"],
            [(sop_class, sop_instance) for sop_class, sop_instance in json.loads(row["asked"])],
            row["asked_at"],
            row["attempts"],
        )
        for row in rows
    ]


def outcome(
    database: sqlite3.Connection, references: Sequence[Reference]
) -> tuple[Sequence[Reference], Sequence[tuple[Reference, int]]]:
    """Which objects are kept, and which are not, each with its reason (DICOM PS3.3, C.14.1.1)."""
    kept, missing = [], []
    for sop_class, sop_instance in references:
        row = database.execute(
            "SELECT sop_class_uid FROM received WHERE sop_instance_uid = ?", (sop_instance,)
        ).fetchone()
        if row is None:
            missing.append(((sop_class, sop_instance), 0x0112))  # no such object instance
        elif row["sop_class_uid"] != sop_class:
            missing.append(((sop_class, sop_instance), 0x0119))  # class and instance conflict
        else:
            kept.append((sop_class, sop_instance))
    return kept, missing


def close(database: sqlite3.Connection, commitment: Commitment) -> None:
    """Delete a request that was answered or given up."""
    database.execute(
        "DELETE FROM commitments WHERE transaction_uid = ? AND calling_ae = ?",
        (commitment.transaction_uid, commitment.calling_ae),
    )


def postpone(database: sqlite3.Connection, commitment: Commitment, due_at: float) -> None:
    """Record that the answer could not be delivered, and when to try again."""
    database.execute(
        "UPDATE commitments SET attempts = attempts + 1, due_at = ? WHERE transaction_uid = ? AND calling_ae = ?",
        (due_at, commitment.transaction_uid, commitment.calling_ae),
    )
