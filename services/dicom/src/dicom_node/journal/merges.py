"""Identifiers of patients that the hospital has merged, until the gateway knows of them and as long as results go out.

Of two identifiers, what happened last counts, whichever message came first.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

_MOST_NUMBERS = 200
"""Largest number of identifiers of one patient that are followed.

More of them means that a placeholder links many patients; following it would delay the node's other work.
"""


@dataclass(frozen=True)
class ToldMerge:
    """What a message told of two identifiers of one assigning authority.

    Attributes:
        message_id: Control ID of the message.
        told_at: Time of the event, in seconds since 1970.
        authority: The assigning authority.
        former: Identifier that is no longer used.
        present: Identifier that is used instead.
        undone: Whether the two are of different patients.
    """

    message_id: str
    told_at: float
    authority: str
    former: str
    present: str
    undone: bool


def add(database: sqlite3.Connection, merge: ToldMerge) -> bool:
    """Store what a message told; returns whether it is new."""
    row = (merge.message_id, merge.told_at, merge.authority, merge.former, merge.present, merge.undone)
    query = """INSERT OR IGNORE INTO merges (message_id, told_at, authority, former, present, undone)
        VALUES (?, ?, ?, ?, ?, ?)"""
    return database.execute(query, row).rowcount == 1


def waiting(database: sqlite3.Connection) -> Sequence[tuple[int, ToldMerge]]:
    """What the gateway does not know yet, in the order of arrival, each with its number."""
    rows = database.execute("SELECT rowid AS number, * FROM merges WHERE state = 'waiting' ORDER BY rowid")
    return [(row["number"], _merge(row)) for row in rows]


def settle(database: sqlite3.Connection, number: int, state: str) -> None:
    """Note that the gateway knows of a merge, or refuses it."""
    database.execute("UPDATE merges SET state = ? WHERE rowid = ?", (state, number))


def counts(database: sqlite3.Connection) -> dict[str, int]:
    """Merges by state."""
    return dict(database.execute("SELECT state, count(*) FROM merges GROUP BY state").fetchall())


def numbers_of(database: sqlite3.Connection, patient_id: str, issuer: str | None = None) -> list[str]:
    """All identifiers of a patient, the one that is used now first.

    Args:
        database: The journal.
        patient_id: Identifier in a film.
        issuer: Who issued it, if the film says so: merges of others do not count.
    """
    found, seen, links = [patient_id], {patient_id}, dict[frozenset[str], tuple[float, int, ToldMerge]]()
    for number in found:  # which grows: identifiers are linked in chains
        if len(found) > _MOST_NUMBERS:
            break
        query = "SELECT rowid AS place, * FROM merges WHERE former = ? OR present = ? ORDER BY told_at, rowid"
        told = [(row["place"], _merge(row)) for row in database.execute(query, (number, number))]
        told = [each for each in told if not issuer or each[1].authority.casefold() == issuer.casefold()]
        last = {frozenset((each.former, each.present)): (each.told_at, place, each) for place, each in told}
        new = {pair: each for pair, each in last.items() if not each[2].undone}
        links |= new
        others = dict.fromkeys(other for pair in new for other in pair if other not in seen)
        seen |= others.keys()
        found += others
    if not links:
        return found
    *_, newest = max(links.values(), key=lambda each: each[:2])
    return [newest.present, *(each for each in found if each != newest.present)]


def forget_patient(database: sqlite3.Connection, patient_id: str) -> None:
    """Delete what was told of a patient, under whichever identifier."""
    for number in numbers_of(database, patient_id):
        database.execute("DELETE FROM merges WHERE former = ? OR present = ?", (number, number))


def _merge(row: sqlite3.Row) -> ToldMerge:
    names = ("message_id", "told_at", "authority", "former", "present")
    return ToldMerge(**{name: row[name] for name in names}, undone=bool(row["undone"]))
