"""`python -m gateway.first_start`: migrates the database and adds its first users, in one process."""

from typing import Annotated, cast

import typer

from gateway import migrate
from gateway.accounts import commands
from gateway.users.models import Role


def main(
    users: Annotated[list[str], typer.Argument(help="ROLE:NAME; a user who exists stays as they are")],
) -> None:
    """Migrate the database at LOBULE_DATABASE_URL, and add users, whose passwords are lines of standard input."""
    migrate.main()
    for user in users:
        role, _, name = user.partition(":")
        commands.add(name, role=cast(Role, role), password_stdin=True, if_missing=True)


if __name__ == "__main__":
    typer.run(main)
