"""Reading and writing the rows of any table, for backups."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Table, delete, func, insert, inspect, select, text

from gateway.audit.models import AuditChain


def read(connection: Connection, table: Table) -> Iterable[Any]:
    """The rows of a table."""
    return connection.execute(select(table)).mappings()


def count(connection: Connection, table: Table) -> int:
    """How many rows a table has."""
    return connection.scalar(select(func.count()).select_from(table)) or 0


def write(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Add rows to a table as they are: columns that they lack, and an older database too, get no default of ours."""
    columns = (Column(name, table.c[name].type) for name in rows[0])
    connection.execute(insert(Table(table.name, MetaData(), *columns)), rows)


def keys_of_files(connection: Connection) -> list[str]:
    """The keys of all uploads, and of all DICOM objects that were made of cases."""
    both = "SELECT object_key FROM images UNION ALL SELECT object_key FROM result_instances"
    return list(connection.execute(text(both)).scalars())


def inferences_done(connection: Connection) -> Iterable[Any]:
    """Job and attempt of each inference that is done."""
    done = "SELECT job_id, attempt FROM steps WHERE name = 'inference' AND state = 'done'"
    return connection.execute(text(done)).all()


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
