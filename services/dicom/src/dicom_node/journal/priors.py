"""Where earlier examinations of a study's patient are looked for, and what came of it."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class PriorSearch:
    """A look for priors at one node.

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
    """Have a study's priors looked for; once, whatever arrives of it later."""
    database.executemany(
        "INSERT OR IGNORE INTO prior_searches (study_uid, node, asked_at, due_at) VALUES (?, ?, ?, ?)",
        [(study_uid, node, now, now) for node in nodes],
    )


def due(database: sqlite3.Connection, now: float, limit: int = 20) -> Sequence[PriorSearch]:
    """What is to be looked for now."""
    rows = database.execute(
        """SELECT study_uid, node, attempts, asked_at FROM prior_searches WHERE state = 'waiting' AND due_at <= ?
        ORDER BY due_at LIMIT ?""",
        (now, limit),
    )
    return [PriorSearch(**dict(row)) for row in rows]


def close(database: sqlite3.Connection, search: PriorSearch, said: str, *, dead: bool = False) -> None:
    """Note how a search ended."""
    database.execute(
        "UPDATE prior_searches SET state = ?, problem = ? WHERE study_uid = ? AND node = ?",
        ("dead" if dead else "done", said, search.study_uid, search.node),
    )


def postpone(database: sqlite3.Connection, search: PriorSearch, due_at: float, problem: str) -> None:
    """Note that it did not work, and when it is tried again."""
    database.execute(
        """UPDATE prior_searches SET attempts = attempts + 1, due_at = ?, problem = ?
        WHERE study_uid = ? AND node = ?""",
        (due_at, problem, search.study_uid, search.node),
    )


def again(database: sqlite3.Connection, node: str, now: float) -> int:
    """Ask a node once more for all that it did not give in the end; gives how many searches."""
    revive = """UPDATE prior_searches SET state = 'waiting', attempts = 0, asked_at = ?, due_at = ?
        WHERE state = 'dead' AND node = ?"""
    return database.execute(revive, (now, now, node)).rowcount


def add_film(database: sqlite3.Connection, study_uid: str, sop_instance_uid: str, prior_study_uid: str) -> None:
    """Note that a film of an earlier study is in the case."""
    database.execute(
        "INSERT OR IGNORE INTO prior_films (study_uid, sop_instance_uid, prior_study_uid) VALUES (?, ?, ?)",
        (study_uid, sop_instance_uid, prior_study_uid),
    )


def films(database: sqlite3.Connection, study_uid: str) -> dict[str, str]:
    """The earlier films that are in the case of a study, with their studies."""
    rows = database.execute(
        "SELECT sop_instance_uid, prior_study_uid FROM prior_films WHERE study_uid = ?", (study_uid,)
    )
    return {row["sop_instance_uid"]: row["prior_study_uid"] for row in rows}


def counts_by_node(database: sqlite3.Connection) -> dict[tuple[str, str], int]:
    """Searches by node and state."""
    rows = database.execute("SELECT node, state, count(*) FROM prior_searches GROUP BY node, state")
    return {(row[0], row[1]): row[2] for row in rows}
