"""`python -m gateway.first_start`: migrates the database and adds its first users, in one process."""

from typing import Annotated, cast

import typer

from gateway import migrate
from gateway.accounts import commands
from gateway.users.models import Role


def main(
    users: Annotated[list[str], typer.Argument(help="users to add, as ROLE:NAME; existing users are not changed")],
) -> None:
    """Migrate the database at LOBULE_DATABASE_URL and add users; the lines of standard input are their passwords."""
    migrate.main()
    for user in users:
        role, _, name = user.partition(":")
        commands.add(name, role=cast(Role, role), password_stdin=True, if_missing=True)


if __name__ == "__main__":
    typer.run(main)
