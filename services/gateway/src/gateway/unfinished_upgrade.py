"""What an upgrade does after its last migration, with the code of this version.

A migration notes it in its own transaction, and it stays noted until it is done, so that the next start completes an
upgrade that was killed. A note is an empty table: whoever can only write rows cannot have the audit log linked anew.
"""

from typing import Literal, get_args

from sqlalchemy import Connection, inspect, text

Work = Literal["conclude", "link"]
"""`conclude`: sum up unsigned cases by the rule of this version; `link`: link the audit events that are in no chain."""
_TABLE = "unfinished_{}"


def note(connection: Connection, work: Work, condition: str) -> None:
    """Note work, in the transaction of a migration, if a query finds anything to do."""
    if connection.scalar(text(condition)) is not None:
        connection.execute(text(f"CREATE TABLE IF NOT EXISTS {_TABLE.format(work)} (id INTEGER)"))


def noted(connection: Connection) -> set[Work]:
    """The work that was noted and is not done."""
    tables = inspect(connection)
    return {work for work in get_args(Work) if tables.has_table(_TABLE.format(work))}


def forget(connection: Connection, work: Work) -> None:
    """Delete the note of work that is done."""
    connection.execute(text(f"DROP TABLE IF EXISTS {_TABLE.format(work)}"))
