"""What was made of a study, in versions, and to whom it is to be sent."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["findings", "document"]
"""Products of a study: its `findings` (report and outlines), and the `document` (PDF). Each has versions of its own."""
SendingState = Literal["waiting", "sent", "dead"]


@dataclass(frozen=True)
class Made:
    """An object that was made.

    Attributes:
        sop_instance_uid: Its own name.
        sop_class_uid: What it is.
        series_uid: Of its series.
        study_uid: Of its study.
        kind: Of which product it is a part.
        version: Of that product.
        made_at: Seconds since 1970.
    """

    sop_instance_uid: str
    sop_class_uid: str
    series_uid: str
    study_uid: str
    kind: Kind
    version: int
    made_at: float


@dataclass(frozen=True)
class Sending:
    """An object on its way to a destination."""

    sop_instance_uid: str
    sop_class_uid: str
    destination: str
    attempts: int
    made_at: float


def newest(database: sqlite3.Connection, study_uid: str, kind: Kind) -> tuple[int, str]:
    """The newest version of a product and what it was made from; 0 and nothing where there is none."""
    row = database.execute(
        "SELECT version, made_from FROM products WHERE study_uid = ? AND kind = ?", (study_uid, kind)
    ).fetchone()
    return (0, "") if row is None else (row["version"], row["made_from"])


def names(database: sqlite3.Connection) -> set[str]:
    """The names of all objects that were made."""
    return {row["sop_instance_uid"] for row in database.execute("SELECT sop_instance_uid FROM made")}


def of_version(database: sqlite3.Connection, study_uid: str, kind: Kind, version: int) -> Sequence[Made]:
    """The objects of a version."""
    rows = database.execute(
        "SELECT * FROM made WHERE study_uid = ? AND kind = ? AND version = ?", (study_uid, kind, version)
    )
    return [Made(**dict(row)) for row in rows]


def add(database: sqlite3.Connection, objects: Sequence[Made], made_from: str, destinations: Iterable[str]) -> None:
    """Note a new version of a product, with its objects, for each destination."""
    first = objects[0]
    database.execute(
        "INSERT OR REPLACE INTO products (study_uid, kind, version, made_from) VALUES (?, ?, ?, ?)",
        (first.study_uid, first.kind, first.version, made_from),
    )
    names = list(destinations)
    for each in objects:
        row = vars(each)
        columns, blanks = ", ".join(row), ", ".join(f":{name}" for name in row)
        database.execute(f"INSERT INTO made ({columns}) VALUES ({blanks})", row)  # noqa: S608 - names of our own
        database.executemany(
            "INSERT INTO sendings (sop_instance_uid, destination, due_at) VALUES (?, ?, ?)",
            [(each.sop_instance_uid, name, each.made_at) for name in names],
        )


def due(database: sqlite3.Connection, destination: str, now: float, limit: int = 50) -> Sequence[Sending]:
    """What is to be sent to a destination now, in the order in which it was made."""
    rows = database.execute(
        """SELECT sop_instance_uid, sop_class_uid, destination, attempts, made_at FROM sendings
        JOIN made USING (sop_instance_uid) WHERE destination = ? AND state = 'waiting' AND due_at <= ?
        ORDER BY made_at, sop_instance_uid LIMIT ?""",
        (destination, now, limit),
    )
    return [Sending(**dict(row)) for row in rows]


def mark_sent(database: sqlite3.Connection, sending: Sending) -> None:
    """Note that the destination has the object."""
    _update(database, sending, "state = 'sent', problem = NULL")


def postpone(database: sqlite3.Connection, sending: Sending, due_at: float, problem: str) -> None:
    """Note that it did not work, and when it is tried again."""
    _update(database, sending, "attempts = attempts + 1, due_at = ?, problem = ?", due_at, problem)


def bury(database: sqlite3.Connection, sending: Sending, problem: str) -> None:
    """Note that it will not be tried again by itself."""
    _update(database, sending, "state = 'dead', attempts = attempts + 1, problem = ?", problem)


def send_again(database: sqlite3.Connection, study_uid: str | None, now: float) -> int:
    """Have all objects of a study sent once more, or, without a study, all that are dead. Gives how many."""
    chosen = (
        "state = 'dead'"
        if study_uid is None
        else "sop_instance_uid IN (SELECT sop_instance_uid FROM made WHERE study_uid = ?)"
    )
    given = () if study_uid is None else (study_uid,)
    again = f"UPDATE sendings SET state = 'waiting', attempts = 0, due_at = ? WHERE {chosen}"  # noqa: S608 - our own
    return database.execute(again, (now, *given)).rowcount


def sendings(database: sqlite3.Connection, state: SendingState | None = None) -> Sequence[sqlite3.Row]:
    """All sendings, newest first, with what is sent."""
    return database.execute(
        """SELECT study_uid, kind, version, destination, state, attempts, problem, made_at FROM sendings
        JOIN made USING (sop_instance_uid) WHERE ? IS NULL OR state = ? ORDER BY made_at DESC""",
        (state, state),
    ).fetchall()


def counts(database: sqlite3.Connection) -> dict[str, int]:
    """Sendings by state."""
    return dict(database.execute("SELECT state, count(*) FROM sendings GROUP BY state").fetchall())


def _update(database: sqlite3.Connection, sending: Sending, change: str, *values: object) -> None:
    database.execute(
        f"UPDATE sendings SET {change} WHERE sop_instance_uid = ? AND destination = ?",  # noqa: S608 - our own
        (*values, sending.sop_instance_uid, sending.destination),
    )
