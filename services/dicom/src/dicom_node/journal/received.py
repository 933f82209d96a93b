"""Received objects: one row for each, committed before its sender gets the status of success."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

State = Literal["waiting", "delivered", "refused"]
"""`waiting` for the gateway, `delivered` to it, or `refused` by it."""


@dataclass(frozen=True)
class Received:
    """An object in the node's folder.

    Attributes:
        sop_instance_uid: SOP Instance UID.
        sop_class_uid: SOP Class UID.
        study_uid: Study Instance UID.
        sha256: SHA-256 of the data set as it was sent.
        file_sha256: SHA-256 of the stored file, which is the image's `sha256` in the gateway.
        size_bytes: Size of the stored file.
        hanging: Side and view (`RCC`), if it is one of the four screening views.
        calling_ae: AE title of the sender.
        received_at: Time of arrival, in seconds since 1970.
        state: State of its delivery.
        job_id: Id of its analysis, once delivered.
        refusal: The gateway's code, if it was refused.
    """

    sop_instance_uid: str
    sop_class_uid: str
    study_uid: str
    sha256: str
    file_sha256: str
    size_bytes: int
    hanging: str | None
    calling_ae: str
    received_at: float
    state: State = "waiting"
    job_id: str | None = None
    refusal: str | None = None


def add(database: sqlite3.Connection, new: Received) -> None:
    """Store a new object."""
    row = vars(new)
    names = ", ".join(row)
    blanks = ", ".join(f":{name}" for name in row)
    database.execute(f"INSERT INTO received ({names}) VALUES ({blanks})", row)  # noqa: S608 - names of our own


def find(database: sqlite3.Connection, sop_instance_uid: str) -> Received | None:
    """The object with this SOP Instance UID."""
    row = database.execute("SELECT * FROM received WHERE sop_instance_uid = ?", (sop_instance_uid,)).fetchone()
    return None if row is None else Received(**dict(row))


def of_study(database: sqlite3.Connection, study_uid: str, state: State | None = None) -> Sequence[Received]:
    """The objects of a study, in the order of their arrival."""
    rows = database.execute(
        "SELECT * FROM received WHERE study_uid = ? AND (? IS NULL OR state = ?) ORDER BY received_at, sha256",
        (study_uid, state, state),
    )
    return [Received(**dict(row)) for row in rows]


def hashes(database: sqlite3.Connection) -> set[str]:
    """The hashes of all data sets in the journal."""
    return {row["sha256"] for row in database.execute("SELECT sha256 FROM received")}


def mark_delivered(database: sqlite3.Connection, sop_instance_uid: str, job_id: str) -> None:
    """Record that the object was delivered to the gateway."""
    database.execute(
        "UPDATE received SET state = 'delivered', job_id = ? WHERE sop_instance_uid = ?", (job_id, sop_instance_uid)
    )


def mark_refused(database: sqlite3.Connection, sop_instance_uid: str, code: str) -> None:
    """Record that the gateway refused the object."""
    database.execute(
        "UPDATE received SET state = 'refused', refusal = ? WHERE sop_instance_uid = ?", (code, sop_instance_uid)
    )


def undelivered(database: sqlite3.Connection, limit: int = -1) -> Sequence[sqlite3.Row]:
    """The objects that the gateway refused, and those that wait after a failure, with their cases, newest first."""
    return database.execute(
        """SELECT pseudonym, calling_ae, received_at, received.state AS state, coalesce(refusal, problem, '') AS problem
        FROM received JOIN studies USING (study_uid)
        WHERE received.state = 'refused' OR (received.state = 'waiting' AND attempts > 0)
        ORDER BY received_at DESC LIMIT ?""",
        (limit,),
    ).fetchall()


def deliver_again(database: sqlite3.Connection, now: float) -> int:
    """Have the objects delivered now that the gateway refused, and those that wait; gives how many it refused."""
    database.execute(
        """UPDATE studies SET state = 'collecting', due_at = ? WHERE (state = 'collecting' AND attempts > 0)
        OR study_uid IN (SELECT study_uid FROM received WHERE state = 'refused')""",
        (now,),
    )
    return database.execute("UPDATE received SET state = 'waiting', refusal = NULL WHERE state = 'refused'").rowcount


def counts(database: sqlite3.Connection) -> dict[str, int]:
    """Objects by state."""
    known = dict.fromkeys(get_args(State), 0)
    return known | dict(database.execute("SELECT state, count(*) FROM received GROUP BY state").fetchall())


def oldest_waiting(database: sqlite3.Connection) -> float | None:
    """The arrival time of the object that has waited longest."""
    return database.execute("SELECT min(received_at) FROM received WHERE state = 'waiting'").fetchone()[0]
