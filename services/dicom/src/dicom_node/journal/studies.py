"""Studies: which objects belong together, and the case that they became."""

import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["collecting", "complete", "partial"]
"""`collecting` films; delivered `complete` with four views, or `partial`, after the quiet time."""

SOONEST_LOOK_S, _LATEST_LOOK_S = 2.0, 600.0


@dataclass(frozen=True)
class Study:
    """A study.

    Attributes:
        study_uid: Study Instance UID.
        pseudonym: Pseudonym of the case; drawn before the case is opened, so that the case is found again after a
            crash.
        case_id: Id of the case, once it is opened.
        state: Whether objects are still awaited, or how the study was delivered.
        changed_at: Time at which the last object arrived, in seconds since 1970.
        due_at: Time of delivery at the latest; after a failure, time of the next attempt.
        attempts: Number of failed deliveries since the last successful one.
        problem: Code of the last failure.
        delivered_at: Time of the last delivery.
        look_at: Time at which the case is polled next for results.
    """

    study_uid: str
    pseudonym: str
    case_id: str | None
    state: State
    changed_at: float
    due_at: float
    attempts: int
    problem: str | None
    delivered_at: float | None
    look_at: float | None


def draw_pseudonym() -> str:
    """Draw a pseudonym for a case, which contains nothing of its study."""
    return f"PACS-{secrets.token_hex(4).upper()}"


def note_arrival(database: sqlite3.Connection, study_uid: str, now: float, due_at: float) -> None:
    """Record the arrival of an object of the study. A delivered study then collects objects again."""
    database.execute(
        """INSERT INTO studies (study_uid, pseudonym, state, changed_at, due_at) VALUES (?, ?, 'collecting', ?, ?)
        ON CONFLICT (study_uid) DO UPDATE SET state = 'collecting', changed_at = excluded.changed_at,
        due_at = excluded.due_at""",
        (study_uid, draw_pseudonym(), now, due_at),
    )


def find(database: sqlite3.Connection, study_uid: str) -> Study | None:
    """The study of this name."""
    row = database.execute("SELECT * FROM studies WHERE study_uid = ?", (study_uid,)).fetchone()
    return None if row is None else _study(row)


def due(database: sqlite3.Connection, now: float) -> Sequence[Study]:
    """The studies whose objects are to be delivered now, the longest due first."""
    rows = database.execute("SELECT * FROM studies WHERE state = 'collecting' AND due_at <= ? ORDER BY due_at", (now,))
    return [_study(row) for row in rows]


def next_due_at(database: sqlite3.Connection) -> float | None:
    """When the next study is due."""
    return database.execute("SELECT min(due_at) FROM studies WHERE state = 'collecting'").fetchone()[0]


def set_case(database: sqlite3.Connection, study_uid: str, case_id: str) -> None:
    """Note the case that the study became."""
    database.execute("UPDATE studies SET case_id = ? WHERE study_uid = ?", (case_id, study_uid))


def leave_case(database: sqlite3.Connection, case_id: str, pseudonym: str) -> None:
    """Forget the case of a study, and draw another name for its next one."""
    database.execute("UPDATE studies SET case_id = NULL, pseudonym = ? WHERE case_id = ?", (pseudonym, case_id))


def rename(database: sqlite3.Connection, study_uid: str, name: str) -> bool:
    """Call the case of a study otherwise, unless that of another study is called so; gives whether it is."""
    free = "NOT EXISTS (SELECT 1 FROM studies WHERE pseudonym = ? AND study_uid != ?)"
    change = f"UPDATE studies SET pseudonym = ? WHERE study_uid = ? AND {free}"  # noqa: S608 - our own
    return database.execute(change, (name, study_uid, name, study_uid)).rowcount == 1


def due_for_results(database: sqlite3.Connection, now: float) -> Sequence[Study]:
    """The studies whose cases are to be looked at now."""
    rows = database.execute(
        "SELECT * FROM studies WHERE state != 'collecting' AND look_at <= ? ORDER BY look_at", (now,)
    )
    return [_study(row) for row in rows]


def pause_of_looks(age: float) -> float:
    """The seconds until the case of a study is looked at again that was delivered `age` seconds ago."""
    return min(_LATEST_LOOK_S, max(SOONEST_LOOK_S, age / 10))


def schedule_look(database: sqlite3.Connection, study_uid: str, look_at: float | None) -> None:
    """Note when the case is looked at next; None: never, until another object arrives."""
    database.execute("UPDATE studies SET look_at = ? WHERE study_uid = ?", (look_at, study_uid))


def mark_settled(database: sqlite3.Connection, study_uid: str, looked_at: float) -> None:
    """Note that nothing is left to be made of the study's case as it was looked at then, unless it was purged."""
    known = "SELECT study_uid, ? FROM studies WHERE study_uid = ?"
    database.execute(f"INSERT OR REPLACE INTO settled (study_uid, looked_at) {known}", (looked_at, study_uid))


def is_settled(database: sqlite3.Connection, study: Study) -> bool:
    """Whether everything was made of the objects that were delivered last, or the case is looked at no more."""
    if study.state == "collecting" or study.delivered_at is None:
        return False
    row = database.execute("SELECT looked_at FROM settled WHERE study_uid = ?", (study.study_uid,)).fetchone()
    return study.look_at is None or (row is not None and row["looked_at"] >= study.delivered_at)


def mark_delivered(database: sqlite3.Connection, study_uid: str, state: State, now: float) -> None:
    """Note that the objects are delivered, unless another one arrived meanwhile."""
    database.execute(
        """UPDATE studies SET state = ?, attempts = 0, problem = NULL, delivered_at = ?, look_at = ? WHERE study_uid = ?
        AND NOT EXISTS (SELECT 1 FROM received WHERE received.study_uid = studies.study_uid AND state = 'waiting')""",
        (state, now, now, study_uid),
    )


def postpone(database: sqlite3.Connection, study_uid: str, due_at: float, problem: str) -> None:
    """Note a delivery that failed."""
    database.execute(
        "UPDATE studies SET due_at = ?, attempts = attempts + 1, problem = ? WHERE study_uid = ?",
        (due_at, problem, study_uid),
    )


def counts(database: sqlite3.Connection) -> dict[str, int]:
    """Studies by state."""
    return dict(database.execute("SELECT state, count(*) FROM studies GROUP BY state").fetchall())


def _study(row: sqlite3.Row) -> Study:
    return Study(**dict(row))
