"""Selects and deletes what has exceeded its retention time."""

import sqlite3
from collections.abc import Sequence

_OLD = """state != 'collecting' AND delivered_at < ?
    AND NOT EXISTS (SELECT 1 FROM received WHERE received.study_uid = studies.study_uid AND state = 'waiting')
    AND NOT EXISTS (SELECT 1 FROM sendings JOIN made USING (sop_instance_uid)
        WHERE made.study_uid = studies.study_uid AND sendings.state = 'waiting')"""


def last_run(database: sqlite3.Connection) -> float | None:
    """When the last run was; None before the first one."""
    row = database.execute("SELECT at FROM retention_runs").fetchone()
    return None if row is None else row["at"]


def note_run(database: sqlite3.Connection, at: float) -> None:
    """Note the time of a run."""
    database.execute(
        "INSERT INTO retention_runs VALUES (1, ?) ON CONFLICT (only) DO UPDATE SET at = excluded.at", (at,)
    )


def due(database: sqlite3.Connection, before: float, limit: int = 500) -> Sequence[str]:
    """The studies that were delivered before a time, have nothing left to send, and still have objects."""
    rows = database.execute(
        f"""SELECT study_uid FROM studies WHERE {_OLD}
        AND (EXISTS (SELECT 1 FROM received WHERE received.study_uid = studies.study_uid)
            OR EXISTS (SELECT 1 FROM made WHERE made.study_uid = studies.study_uid))
        ORDER BY delivered_at LIMIT ?""",  # noqa: S608 - our own
        (before, limit),
    )
    return [row["study_uid"] for row in rows]


def forget(database: sqlite3.Connection, study_uid: str, before: float) -> tuple[Sequence[str], Sequence[str]]:
    """Delete the rows of a study's objects; returns the hashes of the received and the names of the created ones.

    Nothing of a study that is not due any more, as when another film of it has arrived meanwhile. The versions of its
    products stay, so that the next ones go on counting.
    """
    still = f"SELECT 1 FROM studies WHERE {_OLD} AND study_uid = ?"  # noqa: S608 - our own
    if database.execute(still, (before, study_uid)).fetchone() is None:
        return [], []
    hashes = [row[0] for row in database.execute("SELECT sha256 FROM received WHERE study_uid = ?", (study_uid,))]
    names = [row[0] for row in database.execute("SELECT sop_instance_uid FROM made WHERE study_uid = ?", (study_uid,))]
    database.executemany("DELETE FROM sendings WHERE sop_instance_uid = ?", [(name,) for name in names])
    database.execute("DELETE FROM made WHERE study_uid = ?", (study_uid,))
    database.execute("DELETE FROM received WHERE study_uid = ?", (study_uid,))
    database.execute("UPDATE studies SET look_at = NULL WHERE study_uid = ?", (study_uid,))
    return hashes, names
