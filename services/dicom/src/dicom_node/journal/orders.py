"""Orders from a hospital's system, which can name cases and are quoted in reports."""

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
        """The number that users know it by."""
        return self.placer or self.accession


def put(database: sqlite3.Connection, order: Order, now: float) -> None:
    """Store an order, or replace it."""
    database.execute(
        "INSERT OR REPLACE INTO orders (accession, patient_id, placer, filler, told_at) VALUES (?, ?, ?, ?, ?)",
        (order.accession, order.patient_id, order.placer, order.filler, now),
    )


def cancel(database: sqlite3.Connection, order: Order) -> None:
    """Delete an order."""
    database.execute("DELETE FROM orders WHERE accession = ? AND patient_id = ?", (order.accession, order.patient_id))


def find(database: sqlite3.Connection, accession: str | None, patient_id: str | None) -> Order | None:
    """The order with this accession number; None if it is of another patient."""
    query = "SELECT accession, patient_id, placer, filler FROM orders WHERE accession = ? AND patient_id = ?"
    row = database.execute(query, (accession, patient_id)).fetchone()
    return None if row is None else Order(**dict(row))


def forget(database: sqlite3.Connection, before: float) -> int:
    """Delete orders that were received before a time; returns how many."""
    return database.execute("DELETE FROM orders WHERE told_at < ?", (before,)).rowcount


def count(database: sqlite3.Connection) -> int:
    """The number of orders."""
    return database.execute("SELECT count(*) FROM orders").fetchone()[0]
