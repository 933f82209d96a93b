"""Objects that the node makes of a study, in versions, and the destinations that they are sent to."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Literal

DicomKind = Literal["findings", "outlines", "conclusion", "document", "marks", "verdicts", "pictures", "cad"]
"""The DICOM products of a study, each with its own versions. Products of single films (`outlines`, `marks`) have a part
for each film."""
Kind = DicomKind | Literal["message", "bundle"]
"""A signed report adds an HL7 v2 message and a FHIR bundle."""
_IN_PLACE: tuple[Kind, ...] = ("message", "bundle")
"""Products that take the place of their earlier versions where they arrive."""
_SEND_AGAIN = "UPDATE sendings SET state = 'waiting', attempts = 0, due_at = ?, asked_again_at = ?"
SendingState = Literal["waiting", "sent", "dead"]


@dataclass(frozen=True)
class OutgoingObject:
    """An object that the node made.

    Attributes:
        sop_instance_uid: SOP Instance UID.
        sop_class_uid: SOP Class UID.
        series_uid: Series Instance UID.
        study_uid: Study Instance UID.
        kind: Kind of the product.
        part: Id of the job of the film that it is about; empty if it is about the whole study.
        version: Version of the product.
        made_at: Time of creation, in seconds since 1970.
    """

    sop_instance_uid: str
    sop_class_uid: str
    series_uid: str
    study_uid: str
    kind: Kind
    part: str
    version: int
    made_at: float


@dataclass(frozen=True)
class Sending:
    """An object on its way to a destination.

    Attributes:
        sop_instance_uid: SOP Instance UID.
        sop_class_uid: SOP Class UID.
        study_uid: Study Instance UID.
        kind: Kind of the product.
        destination: Name of the destination.
        attempts: Failed attempts since `asked_at`.
        asked_at: When it was made, or asked to be sent once more, in seconds since 1970.
    """

    sop_instance_uid: str
    sop_class_uid: str
    study_uid: str
    kind: Kind
    destination: str
    attempts: int
    asked_at: float


def newest(database: sqlite3.Connection, study_uid: str, kind: Kind, part: str) -> tuple[int, str]:
    """The newest version of a product and what it was made from; 0 and an empty string if there is none."""
    row = database.execute(
        "SELECT version, made_from FROM products WHERE study_uid = ? AND kind = ? AND part = ?", (study_uid, kind, part)
    ).fetchone()
    return (0, "") if row is None else (row["version"], row["made_from"])


def is_own(database: sqlite3.Connection, sop_instance_uid: str) -> bool:
    """Whether this node made an object."""
    row = database.execute("SELECT 1 FROM made WHERE sop_instance_uid = ?", (sop_instance_uid,)).fetchone()
    return row is not None


def names(database: sqlite3.Connection) -> set[str]:
    """The names of all objects that were made."""
    return {row["sop_instance_uid"] for row in database.execute("SELECT sop_instance_uid FROM made")}


def last(database: sqlite3.Connection, study_uid: str, kind: Kind) -> OutgoingObject | None:
    """The object of a product's newest version; None if there is none."""
    row = database.execute(
        "SELECT * FROM made WHERE study_uid = ? AND kind = ? ORDER BY version DESC LIMIT 1", (study_uid, kind)
    ).fetchone()
    return None if row is None else OutgoingObject(**dict(row))


def sent_of_study(database: sqlite3.Connection, study_uid: str) -> Sequence[tuple[OutgoingObject, str, SendingState]]:
    """The objects that were made of a study, with the state of sending to each destination, oldest first."""
    rows = database.execute(
        """SELECT made.*, sendings.destination AS destination, sendings.state AS state FROM made
        JOIN sendings USING (sop_instance_uid) WHERE study_uid = ? ORDER BY made_at, sop_instance_uid""",
        (study_uid,),
    )
    names = [field.name for field in fields(OutgoingObject)]
    return [(OutgoingObject(**{name: row[name] for name in names}), row["destination"], row["state"]) for row in rows]


def add(database: sqlite3.Connection, new: OutgoingObject, made_from: str, destinations: Iterable[str]) -> None:
    """Note a new version of a product, for each destination."""
    database.execute(
        "INSERT OR REPLACE INTO products (study_uid, kind, part, version, made_from) VALUES (?, ?, ?, ?, ?)",
        (new.study_uid, new.kind, new.part, new.version, made_from),
    )
    row = vars(new)
    columns, blanks = ", ".join(row), ", ".join(f":{name}" for name in row)
    database.execute(f"INSERT INTO made ({columns}) VALUES ({blanks})", row)  # noqa: S608 - names of our own
    database.executemany(
        "INSERT INTO sendings (sop_instance_uid, destination, due_at) VALUES (?, ?, ?)",
        [(new.sop_instance_uid, name, new.made_at) for name in destinations],
    )


def due(database: sqlite3.Connection, destination: str, now: float, limit: int = 50) -> Sequence[Sending]:
    """The objects that are due for a destination, oldest first."""
    rows = database.execute(
        """SELECT sop_instance_uid, sop_class_uid, study_uid, kind, destination, attempts,
        coalesce(asked_again_at, made_at) AS asked_at FROM sendings
        JOIN made USING (sop_instance_uid) WHERE destination = ? AND state = 'waiting' AND due_at <= ?
        ORDER BY made_at, sop_instance_uid LIMIT ?""",
        (destination, now, limit),
    )
    return [Sending(**dict(row)) for row in rows]


def mark_sent(database: sqlite3.Connection, sending: Sending) -> None:
    """Note that the destination has the object.

    A message or bundle takes the place of what the destination was told before, so that an earlier version that has not
    arrived must not follow it: it is sent no more.
    """
    _update(database, sending, "state = 'sent', problem = NULL")
    if sending.kind in _IN_PLACE:
        database.execute(
            """DELETE FROM sendings WHERE destination = ? AND state != 'sent' AND sop_instance_uid IN (
            SELECT earlier.sop_instance_uid FROM made AS earlier JOIN made AS new USING (study_uid, kind)
            WHERE new.sop_instance_uid = ? AND earlier.version < new.version)""",
            (sending.destination, sending.sop_instance_uid),
        )


def postpone(database: sqlite3.Connection, sending: Sending, due_at: float, problem: str) -> None:
    """Note that it did not work, and when it is tried again."""
    _update(database, sending, "attempts = attempts + 1, due_at = ?, problem = ?", due_at, problem)


def give_up(database: sqlite3.Connection, sending: Sending, problem: str) -> None:
    """Note that it will not be tried again by itself."""
    _update(database, sending, "state = 'dead', attempts = attempts + 1, problem = ?", problem)


def send_again(database: sqlite3.Connection, study_uid: str | None, now: float) -> int:
    """Have all objects of a study sent once more, or, without a study, all that are dead. Gives how many.

    Of messages and bundles of a study, only the newest is: an earlier one would take its place meanwhile.
    """
    chosen = (
        "state = 'dead'"
        if study_uid is None
        else f"""sop_instance_uid IN (SELECT sop_instance_uid FROM made JOIN products USING (study_uid, kind, part)
        WHERE study_uid = ? AND (kind NOT IN {_IN_PLACE} OR made.version = products.version))"""  # noqa: S608 - our own
    )
    given = () if study_uid is None else (study_uid,)
    return database.execute(f"{_SEND_AGAIN} WHERE {chosen}", (now, now, *given)).rowcount


def sendings(database: sqlite3.Connection, state: SendingState | None = None) -> Sequence[sqlite3.Row]:
    """All sendings with their objects, newest first."""
    return database.execute(
        """SELECT study_uid, kind, version, destination, state, attempts, problem, made_at FROM sendings
        JOIN made USING (sop_instance_uid) WHERE ? IS NULL OR state = ? ORDER BY made_at DESC""",
        (state, state),
    ).fetchall()


def dead_letters(database: sqlite3.Connection, limit: int) -> Sequence[sqlite3.Row]:
    """The abandoned objects with their cases, newest first."""
    return database.execute(
        """SELECT kind, version, pseudonym, destination, sendings.problem AS problem, sendings.attempts AS attempts,
        made_at FROM sendings
        JOIN made USING (sop_instance_uid) JOIN studies USING (study_uid) WHERE sendings.state = 'dead'
        ORDER BY made_at DESC LIMIT ?""",
        (limit,),
    ).fetchall()


def send_again_to(database: sqlite3.Connection, destination: str, now: float) -> int:
    """Have all that was given up for a destination sent once more; gives how many."""
    chosen = "state = 'dead' AND destination = ?"
    return database.execute(f"{_SEND_AGAIN} WHERE {chosen}", (now, now, destination)).rowcount


def counts_by_destination(database: sqlite3.Connection) -> dict[tuple[str, str], int]:
    """Sendings by destination and state."""
    rows = database.execute("SELECT destination, state, count(*) FROM sendings GROUP BY destination, state")
    return {(row[0], row[1]): row[2] for row in rows}


def counts(database: sqlite3.Connection) -> dict[str, int]:
    """Sendings by state."""
    return dict(database.execute("SELECT state, count(*) FROM sendings GROUP BY state").fetchall())


def _update(database: sqlite3.Connection, sending: Sending, change: str, *values: object) -> None:
    database.execute(
        f"UPDATE sendings SET {change} WHERE sop_instance_uid = ? AND destination = ?",  # noqa: S608 - our own
        (*values, sending.sop_instance_uid, sending.destination),
    )
