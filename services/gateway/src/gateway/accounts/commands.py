"""`lobule user …`: manages users directly in the database, for the first administrator and for emergencies."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar, get_args

import typer
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session

from gateway.accounts import service
from gateway.accounts.schemas import PasswordReset, UserCreate, UserUpdate
from gateway.audit.service import record
from gateway.command_line import commands, fail, sessions_at
from gateway.database import read
from gateway.errors import ProblemError
from gateway.users import repository
from gateway.users.models import Role, User
from gateway.users.passwords import verify_password
from lobule.cli.common import DEFAULT_HOME, HomeFolder, words

Validated = TypeVar("Validated", bound=BaseModel)

_ROLES = f"one of {', '.join(get_args(Role))}"
Username = Annotated[str, typer.Argument(help="user name for the login")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="read the password from standard input instead of asking")
]

app = commands("Manage the users of LOBULE_DATABASE_URL or, if it is not set, of the folder that `lobule up` uses.")


@app.command()
def add(
    username: Username,
    home: HomeFolder = DEFAULT_HOME,
    role: Annotated[Role, typer.Option(help=_ROLES)] = "clinician",
    display_name: Annotated[str | None, typer.Option(help="name in the portal and in reports")] = None,
    password_stdin: PasswordStdin = False,
    replace: Annotated[bool, typer.Option("--replace", help="if the user exists, set this password and role")] = False,
    if_missing: Annotated[bool, typer.Option("--if-missing", help="if the user exists, change nothing")] = False,
    change: Annotated[bool, typer.Option("--change", help="require a new password at the first login")] = False,
) -> None:
    """Add a user. The command asks for the password, or reads it from standard input."""
    sessions = sessions_at(home)
    password = _ask_password(password_stdin)
    new = _valid(UserCreate, username=username, password=password, role=role, display_name=display_name)
    user = read(sessions, lambda session: repository.by_username(session, username))
    if user is not None and if_missing:
        return
    kept = user is not None and replace and verify_password(password, user.password_hash)
    password_hash = "" if kept else _new_hash(password, username, display_name or (user.display_name if user else ""))
    try:
        with sessions.begin() as session:
            user = repository.by_username(session, username)
            if user is not None and if_missing:
                return
            if user is not None and replace:
                if not kept:
                    service.reset_password(session, user, password_hash, by_another=change)
                if (user.role, user.active) != (role, True):
                    service.update_user(session, user, UserUpdate(role=role, active=True), by=None)
                _note(session, user, "user.update", role=role, active=True)
            else:
                user = service.create_user(session, new, password_hash, by_another=change)
                _note(session, user, "user.create", role=role)
    except ProblemError as error:
        raise fail(error.detail_in(words().language)) from None
    typer.echo(words()("cli.user_ready", username=user.username, role=user.role))


@app.command()
def disable(username: Username, home: HomeFolder = DEFAULT_HOME) -> None:
    """Disable a user and end their sessions and tokens. Their cases and reports are kept."""
    _change(home, username, UserUpdate(active=False))


@app.command()
def enable(username: Username, home: HomeFolder = DEFAULT_HOME) -> None:
    """Enable a disabled user."""
    _change(home, username, UserUpdate(active=True))


@app.command("delete")
def delete_user(
    username: Username,
    home: HomeFolder = DEFAULT_HOME,
    yes: Annotated[bool, typer.Option("--yes", help="delete without asking")] = False,
) -> None:
    """Delete an account that has no cases, images or signed reports; disable other accounts instead.

    The audit log keeps the name.
    """
    if not yes:
        typer.confirm(words()("cli.delete_user", username=username), abort=True)

    def delete(session: Session, user: User) -> None:
        _note(session, user, "user.delete", role=user.role)
        service.delete_user(session, user)

    _to_user(home, username, delete, message="cli.user_deleted")


@app.command("role")
def set_role(
    username: Username,
    role: Annotated[Role, typer.Argument(help=_ROLES)],
    home: HomeFolder = DEFAULT_HOME,
) -> None:
    """Change a user's role and end their sessions."""
    _change(home, username, UserUpdate(role=role))


@app.command("password")
def set_password(
    username: Username,
    home: HomeFolder = DEFAULT_HOME,
    password_stdin: PasswordStdin = False,
    change: Annotated[bool, typer.Option(help="require a new password at the next login")] = True,
    make_local: Annotated[
        bool, typer.Option("--make-local", help="take the account away from the provider of single sign-on")
    ] = False,
) -> None:
    """Change a user's password and end their sessions and tokens."""
    new = _valid(PasswordReset, password=_ask_password(password_stdin))
    known = read(sessions_at(home), lambda session: repository.by_username(session, username))
    password_hash = _new_hash(new.password, username, known.display_name) if known is not None else ""

    def reset(session: Session, user: User) -> None:
        if make_local and user.identity is not None:
            user.identity = None
            _note(session, user, "user.make_local")
        service.reset_password(session, user, password_hash, by_another=change)
        _note(session, user, "user.password_reset")

    _to_user(home, username, reset)


@app.command("second-factor-off")
def turn_second_factor_off(username: Username, home: HomeFolder = DEFAULT_HOME) -> None:
    """Turn off the second factor of a user who has lost it, and end their sessions."""

    def turn_off(session: Session, user: User) -> None:
        service.reset_second_factor(session, user)
        _note(session, user, "user.second_factor_reset")

    _to_user(home, username, turn_off)


@app.command("list")
def list_users(home: HomeFolder = DEFAULT_HOME) -> None:
    """List all users."""
    for user in read(sessions_at(home), repository.all_users):
        typer.echo(f"{user.username}\t{user.role}\t{'active' if user.active else 'inactive'}\t{user.display_name}")


def _change(home: Path, username: str, changes: UserUpdate) -> None:
    def change(session: Session, user: User) -> None:
        service.update_user(session, user, changes, by=None)
        _note(session, user, "user.update", **changes.model_dump(exclude_unset=True))

    _to_user(home, username, change)


def _to_user(home: Path, username: str, change: Callable[[Session, User], None], message: str | None = None) -> None:
    """Change a user and print what was done, or why that is not possible."""
    try:
        with sessions_at(home).begin() as session:
            user = repository.by_username(session, username)
            if user is None:
                raise fail(words()("cli.no_user", username=username))
            change(session, user)
    except ProblemError as error:
        raise fail(error.detail_in(words().language)) from None
    key = "cli.user_ready" if user.active else "cli.user_disabled"
    typer.echo(words()(message or key, username=user.username, role=user.role))


def _ask_password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().removeprefix("\ufeff").rstrip("\r\n")  # of an editor of Windows, too
    return typer.prompt("Password", hide_input=True, confirmation_prompt=True)


def _new_hash(password: str, *names: str) -> str:
    try:
        return service.new_hash(password, *names)
    except ProblemError as error:
        raise fail(error.detail_in(words().language)) from None


def _valid(kind: type[Validated], **values: object) -> Validated:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        if any(each["loc"] == ("username",) for each in error.errors()):
            raise fail(words()("admin.user_name.characters")) from None
        raise fail("; ".join(f"{e['loc'][0]}: {e['msg']}" for e in error.errors())) from None


def _note(session: Session, user: User, action: str, **detail: object) -> None:
    record(session, None, "command line", action, "user", user.id, {"username": user.username, **detail})
