"""Work items of a UPS-RS server that the node performs."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from lobule.contracts.node import WorkItemState


@dataclass(frozen=True)
class WorkItem:
    """A work item.

    Attributes:
        uid: SOP Instance UID of the work item.
        transaction_uid: UID drawn for the claim, and noted before it. Whoever has it may change the item.
        study_uid: Study that is read for it; None until its films are received.
        state: What has to be done next.
        claimed_at: Time of the claim, in seconds since 1970.
        due_at: Time at which the item is processed next.
        attempts: Number of successive failures; at least one for a claim that is in the journal.
        problem: Code of the last failure, or the reason of the cancellation.
    """

    uid: str
    transaction_uid: str
    study_uid: str | None
    state: WorkItemState
    claimed_at: float
    due_at: float
    attempts: int
    problem: str | None


def known(database: sqlite3.Connection, uid: str) -> bool:
    """Whether an item was seen before."""
    return database.execute("SELECT 1 FROM work_items WHERE uid = ?", (uid,)).fetchone() is not None


def add(database: sqlite3.Connection, uid: str, transaction_uid: str, now: float) -> None:
    """Note an item that is about to be claimed: the claim counts as a failure until its success is noted."""
    database.execute(
        """INSERT INTO work_items (uid, transaction_uid, state, claimed_at, due_at, attempts)
        VALUES (?, ?, 'claiming', ?, ?, 1)""",
        (uid, transaction_uid, now, now),
    )


def open_items(database: sqlite3.Connection) -> Sequence[WorkItem]:
    """The items that are not over, the oldest first."""
    rows = database.execute(
        "SELECT * FROM work_items WHERE state IN ('claiming', 'claimed', 'reading') ORDER BY claimed_at"
    )
    return [WorkItem(**dict(row)) for row in rows]


def last_items(database: sqlite3.Connection, limit: int) -> Sequence[sqlite3.Row]:
    """The last items, the newest first, each with the pseudonym of its case."""
    return database.execute(
        """SELECT work_items.*, studies.pseudonym FROM work_items LEFT JOIN studies USING (study_uid)
        ORDER BY claimed_at DESC LIMIT ?""",
        (limit,),
    ).fetchall()


def forget(database: sqlite3.Connection, before: float) -> int:
    """Delete items that were over before a time; gives how many."""
    over = "DELETE FROM work_items WHERE state IN ('completed', 'cancelled', 'refused') AND due_at < ?"
    return database.execute(over, (before,)).rowcount


def move(
    database: sqlite3.Connection,
    uid: str,
    state: WorkItemState,
    now: float,
    study_uid: str | None = None,
    problem: str | None = None,
) -> None:
    """Note how far an item has come."""
    database.execute(
        """UPDATE work_items SET state = ?, due_at = ?, attempts = 0, problem = ?,
        study_uid = coalesce(?, study_uid) WHERE uid = ?""",
        (state, now, problem, study_uid, uid),
    )


def postpone(database: sqlite3.Connection, uid: str, due_at: float, problem: str | None) -> None:
    """Note when an item is looked at next; with a problem it was a failure."""
    database.execute(
        "UPDATE work_items SET due_at = ?, attempts = attempts + ?, problem = ? WHERE uid = ?",
        (due_at, problem is not None, problem, uid),
    )
