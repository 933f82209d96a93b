"""Orders from a hospital's system, which can name cases and are quoted in reports."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from dicom_node.journal import merges

LONGEST_NUMBER = 64
"""Characters of an order's number, accession number or patient identifier."""
MOST_IDENTIFIERS = 10
"""Identifiers of a patient that are read of a message."""
_MOST_KEPT = 2 * MOST_IDENTIFIERS
_OF_PATIENT = "accession IN (SELECT accession FROM order_patients WHERE patient_id = ?)"


@dataclass(frozen=True)
class Order:
    """An order.

    Attributes:
        accession: Accession number, which the study's files have, too.
        patient_id: Identifiers of the patient, one a line.
        placer: Placer order number with its assigning authority, as the received field (ORC-2); may be empty.
        filler: Filler order number, likewise (ORC-3).
    """

    accession: str
    patient_id: str
    placer: str
    filler: str


def join(patient_ids: Sequence[str]) -> str:
    """Identifiers of a patient, which hold no line breaks, as one text."""
    return "\n".join(patient_ids)


def put(database: sqlite3.Connection, order: Order, now: float) -> None:
    """Store an order, or replace it."""
    database.execute("DELETE FROM orders WHERE accession = ?", (order.accession,))
    database.execute(
        "INSERT INTO orders (accession, patient_id, placer, filler, told_at) VALUES (?, ?, ?, ?, ?)",
        (order.accession, order.patient_id, order.placer, order.filler, now),
    )
    _list(database, order.accession, order.patient_id.split("\n"))


def without_patients(database: sqlite3.Connection) -> Sequence[tuple[str, str]]:
    """Accession number and patients of the orders whose patients are not listed."""
    query = "SELECT accession, patient_id FROM orders WHERE accession NOT IN (SELECT accession FROM order_patients)"
    return database.execute(query).fetchall()


def list_patients(database: sqlite3.Connection) -> None:
    """List the patients of all orders, by which their orders are found; earlier versions did not list them."""
    for accession, patient_id in without_patients(database):
        _list(database, accession, patient_id.split("\n"))


def _list(database: sqlite3.Connection, accession: str, patient_ids: Sequence[str]) -> None:
    rows = [(accession, each) for each in patient_ids]
    database.executemany("INSERT OR IGNORE INTO order_patients (accession, patient_id) VALUES (?, ?)", rows)


def cancel(database: sqlite3.Connection, order: Order) -> None:
    """Delete an order, by any identifier of its patient."""
    if any(find(database, order.accession, each) for each in order.patient_id.split("\n")):
        database.execute("DELETE FROM orders WHERE accession = ?", (order.accession,))


def find(database: sqlite3.Connection, accession: str | None, patient_id: str | None) -> Order | None:
    """The order with this accession number; None if it is of another patient."""
    row = database.execute("SELECT * FROM orders WHERE accession = ?", (accession,)).fetchone()
    if row is None or patient_id is None:
        return None
    if not {*merges.numbers_of(database, patient_id)} & {*row["patient_id"].split("\n")}:
        return None
    return Order(row["accession"], patient_id, row["placer"], row["filler"])


def forget(database: sqlite3.Connection, before: float) -> int:
    """Delete orders that were received before a time; returns how many."""
    return database.execute("DELETE FROM orders WHERE told_at < ?", (before,)).rowcount


def forget_patient(database: sqlite3.Connection, patient_id: str) -> int:
    """Delete the orders of a patient, under whichever identifier; returns how many."""
    query = f"DELETE FROM orders WHERE {_OF_PATIENT}"  # noqa: S608 - our own
    return sum(database.execute(query, (each,)).rowcount for each in merges.numbers_of(database, patient_id))


def merge(database: sqlite3.Connection, former: Sequence[str], present: Sequence[str]) -> int:
    """Have the orders of a patient match films of the present identifiers, too; returns how many orders.

    The former ones go on to match: films that were made before the merge have them.
    """
    query = f"SELECT accession, patient_id FROM orders WHERE {_OF_PATIENT}"  # noqa: S608 - our own
    known = {row["accession"]: row["patient_id"] for each in former for row in database.execute(query, (each,))}
    for accession, patient_id in known.items():
        identifiers = list(dict.fromkeys([*present, *patient_id.split("\n")]))[:_MOST_KEPT]
        database.execute("UPDATE orders SET patient_id = ? WHERE accession = ?", (join(identifiers), accession))
        database.execute("DELETE FROM order_patients WHERE accession = ?", (accession,))
        _list(database, accession, identifiers)
    return len(known)


def count(database: sqlite3.Connection) -> int:
    """The number of orders."""
    return database.execute("SELECT count(*) FROM orders").fetchone()[0]
