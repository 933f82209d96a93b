"""`python -m gateway.first_start`: migrates the database and adds its first users, in one process."""

from typing import Annotated, cast

import typer

from gateway import migrate
from gateway.accounts import commands
from gateway.command_line import sessions_at
from gateway.database import read
from gateway.users import repository
from gateway.users.models import Role
from lobule.cli.common import DEFAULT_HOME


def main(
    users: Annotated[list[str], typer.Argument(help="users to add, as ROLE:NAME, an administrator last")],
) -> None:
    """Migrate the database at LOBULE_DATABASE_URL, and add users if it has no administrator.

    The lines of standard input are their passwords. An interrupted start is completed by the next one, because the
    administrator is added last. Users who were deleted later do not come back.
    """
    migrate.main()
    if read(sessions_at(DEFAULT_HOME), repository.has_admin):
        return
    for user in users:
        role, _, name = user.partition(":")
        commands.add(name, role=cast(Role, role), password_stdin=True, if_missing=True)


if __name__ == "__main__":
    typer.run(main)
