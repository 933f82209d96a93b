"""Orders that a hospital's system told of, by which cases can be named and reports be matched."""

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True)
class Order:
    """An order.

    Attributes:
        accession: Its accession number, which the study bears as well.
        patient_id: Of whom.
        placer: Number that who placed it gave it; may be empty.
        filler: Number that who fills it gave it; may be empty.
    """

    accession: str
    patient_id: str
    placer: str
    filler: str

    @property
    def name(self) -> str:
        """What people call it by."""
        return self.placer or self.accession


def put(database: sqlite3.Connection, order: Order, now: float) -> None:
    """Note an order, in the place of an earlier state of it."""
    database.execute(
        "INSERT OR REPLACE INTO orders (accession, patient_id, placer, filler, told_at) VALUES (?, ?, ?, ?, ?)",
        (order.accession, order.patient_id, order.placer, order.filler, now),
    )


def cancel(database: sqlite3.Connection, order: Order) -> None:
    """Forget an order."""
    database.execute("DELETE FROM orders WHERE accession = ? AND patient_id = ?", (order.accession, order.patient_id))


def find(database: sqlite3.Connection, accession: str | None, patient_id: str | None) -> Order | None:
    """The order of a study; None where it names another patient."""
    query = "SELECT accession, patient_id, placer, filler FROM orders WHERE accession = ? AND patient_id = ?"
    row = database.execute(query, (accession, patient_id)).fetchone()
    return None if row is None else Order(**dict(row))


def forget(database: sqlite3.Connection, before: float) -> int:
    """Delete orders that were told of before a time; gives how many."""
    return database.execute("DELETE FROM orders WHERE told_at < ?", (before,)).rowcount


def count(database: sqlite3.Connection) -> int:
    """How many there are."""
    return database.execute("SELECT count(*) FROM orders").fetchone()[0]
