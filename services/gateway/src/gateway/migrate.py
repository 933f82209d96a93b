"""`python -m gateway.migrate`: bring the database to the shape that this version needs, or back to an older one."""

from pathlib import Path
from typing import Annotated

import typer
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from gateway.database import make_engine
from gateway.settings import get_settings

_LOCK = 0x10B01E  # any number of gateways may start at once on PostgreSQL; one of them migrates


def migrate(database_url: str, revision: str = "head", *, new: str | None = None) -> None:
    """Upgrade or downgrade a database.

    Args:
        database_url: Which database.
        revision: Target; an older one than the present downgrades.
        new: For developers: instead, write a migration with this message from the difference to the models.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    engine = make_engine(database_url)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            connection.commit()
        if new is not None:
            command.revision(config, new, autogenerate=True)
        elif revision == "head":
            command.upgrade(config, revision)
        else:
            command.downgrade(config, revision)
        connection.commit()
    engine.dispose()


def main(
    revision: Annotated[str, typer.Option(help="an older revision downgrades")] = "head",
    new: Annotated[str | None, typer.Option(help="write a new migration with this message")] = None,
) -> None:
    """Migrate the database at LOBULE_DATABASE_URL."""
    migrate(get_settings().database_url, revision, new=new)
    typer.echo("The database is ready.")


if __name__ == "__main__":
    typer.run(main)
