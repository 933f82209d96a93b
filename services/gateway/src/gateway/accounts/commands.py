"""`lobule user …`: users straight in the database, for the first administrator and for emergencies."""

import sys
from typing import Annotated

import typer
from pydantic import ValidationError

from gateway.accounts import service
from gateway.accounts.schemas import UserCreate
from gateway.command_line import fail, sessions_at
from gateway.database import read
from gateway.errors import ProblemError
from gateway.users import repository
from gateway.users.models import Role
from gateway.users.passwords import verify_password
from lobule.cli.common import DEFAULT_HOME, HomeFolder, words

app = typer.Typer(
    no_args_is_help=True,
    help="Manage users: of the database at LOBULE_DATABASE_URL, else of the folder that `lobule up` uses.",
)


@app.command()
def add(
    username: str,
    home: HomeFolder = DEFAULT_HOME,
    role: Annotated[Role, typer.Option(help="clinician, admin or service")] = "clinician",
    display_name: Annotated[str | None, typer.Option()] = None,
    password_stdin: Annotated[bool, typer.Option(help="read the password from standard input")] = False,
    replace: Annotated[bool, typer.Option(help="give an existing user this password and role")] = False,
    if_missing: Annotated[bool, typer.Option(help="leave an existing user as they are")] = False,
    change: Annotated[bool, typer.Option(help="the password must be changed at the first login")] = False,
) -> None:
    """Add a user; asks for the password, or reads it from standard input."""
    sessions = sessions_at(home)
    password = (
        sys.stdin.readline().rstrip("\n")
        if password_stdin
        else typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    )
    try:
        new = UserCreate(username=username, password=password, role=role, display_name=display_name)
    except ValidationError as error:
        raise fail("; ".join(f"{e['loc'][0]}: {e['msg']}" for e in error.errors())) from None
    with sessions.begin() as session:
        user = repository.by_username(session, username)
        if user is not None and if_missing:
            return
        if user is not None and replace:
            if not verify_password(password, user.password_hash):
                service.reset_password(session, user, password, by_another=change)
            user.role, user.active = role, True
        else:
            try:
                user = service.create_user(session, new, by_another=change)
            except ProblemError as error:
                raise fail(error.detail) from None
    typer.echo(words()("cli.user_ready", username=user.username, role=user.role))


@app.command("list")
def list_users(home: HomeFolder = DEFAULT_HOME) -> None:
    """List all users."""
    for user in read(sessions_at(home), repository.all_users):
        typer.echo(f"{user.username}\t{user.role}\t{'active' if user.active else 'inactive'}\t{user.display_name}")
