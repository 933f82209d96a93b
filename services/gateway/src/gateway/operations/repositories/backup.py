"""Reading and writing the rows of any table, for backups."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import JSON, Connection, MetaData, Table, delete, func, insert, inspect, select, text

from gateway.audit.models import AuditChain

_TOGETHER = 1000  # rows that are fetched at once


def read(connection: Connection, table: Table) -> Iterable[Any]:
    """The rows of a table, which may have more of them than there is memory."""
    return connection.execute(select(table).execution_options(yield_per=_TOGETHER)).mappings()


def count(connection: Connection, table: Table) -> int:
    """How many rows a table has."""
    return connection.scalar(select(func.count()).select_from(table)) or 0


def tables_of(connection: Connection, known: MetaData, names: Collection[str]) -> list[Table]:
    """Tables as the database has them, each after those that it refers to.

    An older database has other columns than the models, such as some that were dropped later. Where the models know a
    column, its type is theirs.

    Args:
        connection: Connection to the database.
        known: The models' tables.
        names: Names of the tables.
    """
    found = MetaData()
    found.reflect(connection, only=lambda name, _: name in names)
    for table in found.tables.values():
        columns = known.tables[table.name].columns if table.name in known.tables else {}
        for column in table.columns:
            if column.name in columns:
                column.type = columns[column.name].type
            elif isinstance(column.type, JSON):
                column.type = JSON(none_as_null=True)
    return found.sorted_tables


def write(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Add rows to a table of `tables_of` as they are: columns that they lack get no default of ours."""
    connection.execute(insert(table), rows)


def continue_numbers(connection: Connection, table: Table) -> None:
    """Set PostgreSQL's sequences past the ids of restored rows."""
    for column in inspect(connection).get_columns(table.name):
        if column.get("autoincrement") is True:
            name = column["name"]
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', '{name}'), "  # noqa: S608 - our own names
                    f"coalesce((SELECT max({name}) FROM {table.name}), 0) + 1, false)"
                )
            )


def forget_empty_chains(connection: Connection) -> None:
    """Delete the ends of the audit log's chains that no event is in yet."""
    connection.execute(delete(AuditChain).where(AuditChain.position == 0))
