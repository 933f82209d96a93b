"""Searches for priors, and the films that were added."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class PriorSearch:
    """A search for the priors of a study at one node.

    Attributes:
        study_uid: The current study.
        node: The name of who is asked.
        attempts: That failed.
        asked_at: Since when it waits, in seconds since 1970.
    """

    study_uid: str
    node: str
    attempts: int
    asked_at: float


def ask(database: sqlite3.Connection, study_uid: str, nodes: Iterable[str], now: float) -> None:
    """Add searches for the priors of a study; a study is searched for once."""
    database.executemany(
        "INSERT OR IGNORE INTO prior_searches (study_uid, node, asked_at, due_at) VALUES (?, ?, ?, ?)",
        [(study_uid, node, now, now) for node in nodes],
    )


def due(database: sqlite3.Connection, now: float, limit: int = 20) -> Sequence[PriorSearch]:
    """The searches that are due."""
    rows = database.execute(
        """SELECT study_uid, node, attempts, asked_at FROM prior_searches WHERE state = 'waiting' AND due_at <= ?
        ORDER BY due_at LIMIT ?""",
        (now, limit),
    )
    return [PriorSearch(**dict(row)) for row in rows]


def close(database: sqlite3.Connection, search: PriorSearch, outcome: str, *, dead: bool = False) -> None:
    """Record the outcome of a search."""
    database.execute(
        "UPDATE prior_searches SET state = ?, problem = ? WHERE study_uid = ? AND node = ?",
        ("dead" if dead else "done", outcome, search.study_uid, search.node),
    )


def postpone(database: sqlite3.Connection, search: PriorSearch, due_at: float, problem: str) -> None:
    """Record a failure and the time of the next attempt."""
    database.execute(
        """UPDATE prior_searches SET attempts = attempts + 1, due_at = ?, problem = ?
        WHERE study_uid = ? AND node = ?""",
        (due_at, problem, search.study_uid, search.node),
    )


def again(database: sqlite3.Connection, node: str, now: float) -> int:
    """Repeat all dead searches at a node; returns how many."""
    revive = """UPDATE prior_searches SET state = 'waiting', attempts = 0, asked_at = ?, due_at = ?
        WHERE state = 'dead' AND node = ?"""
    return database.execute(revive, (now, now, node)).rowcount


def add_film(database: sqlite3.Connection, study_uid: str, sop_instance_uid: str, prior_study_uid: str) -> None:
    """Record that a film of an earlier study was added to the case."""
    database.execute(
        "INSERT OR IGNORE INTO prior_films (study_uid, sop_instance_uid, prior_study_uid) VALUES (?, ?, ?)",
        (study_uid, sop_instance_uid, prior_study_uid),
    )


def films(database: sqlite3.Connection, study_uid: str) -> dict[str, str]:
    """The films that were added to the case of a study, each with its own study."""
    rows = database.execute(
        "SELECT sop_instance_uid, prior_study_uid FROM prior_films WHERE study_uid = ?", (study_uid,)
    )
    return {row["sop_instance_uid"]: row["prior_study_uid"] for row in rows}


def counts_by_node(database: sqlite3.Connection) -> dict[tuple[str, str], int]:
    """Searches by node and state."""
    rows = database.execute("SELECT node, state, count(*) FROM prior_searches GROUP BY node, state")
    return {(row[0], row[1]): row[2] for row in rows}
