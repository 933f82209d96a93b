"""Alembic's environment: migrations run on the engine that `gateway.migrate` passes in."""

from typing import Literal

from alembic import context
from sqlalchemy import Connection

from gateway.database import Base, UtcDateTime
from gateway.migrations import tables as _tables  # noqa: F401 - so that the metadata knows every table


def render_item(kind: str, value: object, _context: object) -> str | Literal[False]:
    """Write our time type into migrations as the plain type that it wraps."""
    if kind == "type" and isinstance(value, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    render_item=render_item,
    transaction_per_migration=connection.dialect.name != "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
