"""`lobule user …`: beside `lobule up`, with no environment variable."""

import shutil

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from gateway.accounts.commands import app
from gateway.audit.models import AuditEvent
from gateway.cases.models import Case
from gateway.database import make_engine, make_session_factory
from gateway.users.models import User
from gateway.users.passwords import verify_password
from lobule.launcher import system
from lobule.launcher.home import Home

PASSWORD = "a long sentence is a good password"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    for name in ("LOBULE_DATABASE_URL", "LOBULE_DATABASE_URL_FILE", "LOBULE_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def home(tmp_path, migrated_sqlite):
    """A folder as `lobule up` leaves it."""
    folder = tmp_path / "var" / "lobule"
    Home.open(folder)
    shutil.copy(migrated_sqlite, folder / "lobule.sqlite")
    return folder


def run(*arguments: str, password: str = PASSWORD):
    return CliRunner().invoke(app, arguments, input=password + "\n")


def test_an_account_of_the_provider_is_made_local_on_purpose(home):
    assert run("add", "dr.lee", "--home", str(home), "--password-stdin").exit_code == 0
    with make_session_factory(make_engine(Home.database_in(home))).begin() as session:
        session.scalars(select(User)).one().identity = "https://login.example#7"
    other = "another long sentence of words"
    refused = run("password", "dr.lee", "--home", str(home), "--password-stdin", password=other)
    assert refused.exit_code == 1
    assert "hospital" in refused.output
    assert not verify_password(other, user(home, "dr.lee").password_hash)
    made = run("password", "dr.lee", "--home", str(home), "--password-stdin", "--make-local", password=other)
    assert made.exit_code == 0, made.output
    assert user(home, "dr.lee").identity is None
    assert verify_password(other, user(home, "dr.lee").password_hash)


def user(home, name: str) -> User:
    with make_session_factory(make_engine(Home.database_in(home))).begin() as session:
        return session.scalars(select(User).where(User.username == name)).one()


def test_a_user_is_added_to_the_folder_of_lobule_up(home):
    done = run("add", "anna", "--home", str(home), "--role", "admin", "--password-stdin")
    assert done.exit_code == 0, done.output
    assert user(home, "anna").role == "admin"
    assert "anna\tadmin\tactive" in run("list", "--home", str(home)).output


def test_who_is_replaced_with_another_role_loses_the_logins_and_is_not_the_last_administrator(home):
    def replace():
        return run("add", "anna", "--home", str(home), "--role", "clinician", "--replace", "--password-stdin")

    run("add", "anna", "--home", str(home), "--role", "admin", "--password-stdin")
    refused = replace()
    assert (refused.exit_code, user(home, "anna").role) == (1, "admin")
    assert "administrator" in refused.output
    run("add", "ben", "--home", str(home), "--role", "admin", "--password-stdin")
    before = user(home, "anna").auth_epoch
    assert replace().exit_code == 0
    assert (user(home, "anna").role, user(home, "anna").auth_epoch) == ("clinician", before + 1)


def test_the_folder_is_the_same_as_of_lobule_up_where_none_is_named(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("add", "anna", "--password-stdin").exit_code == 0
    assert user(home, "anna").active


def test_where_no_lobule_is_the_message_says_what_to_do(tmp_path):
    done = run("add", "anna", "--home", str(tmp_path / "nothing"), "--password-stdin")
    assert done.exit_code == 1
    for words in (str(tmp_path / "nothing"), "lobule up", "--home", "LOBULE_DATABASE_URL"):
        assert words in done.output
    assert not (tmp_path / "nothing").exists(), "asking made no folder"


def test_the_variable_names_the_database_for_servers(home, tmp_path, monkeypatch, migrated_sqlite):
    url = f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'server.sqlite')}"
    monkeypatch.setenv("LOBULE_DATABASE_URL", url)
    settings = type("S", (), {"database_url": url, "audit_secret": b"k", "signing_keys": None})
    monkeypatch.setattr("gateway.command_line.get_settings", lambda: settings)
    assert run("add", "anna", "--home", str(home), "--password-stdin").exit_code == 0
    with make_session_factory(make_engine(url)).begin() as session:
        assert session.scalar(select(User.username)) == "anna"


def test_a_start_neither_resets_a_password_nor_makes_a_user_active_again(home):
    run("add", "demo", "--home", str(home), "--password-stdin")
    with make_session_factory(make_engine(Home.database_in(home))).begin() as session:
        session.scalars(select(User)).one().active = False
    opened = Home.open(home)
    system._prepare(opened, opened.environment("unix:///none", "http://127.0.0.1:8000", "json"))
    found = user(home, "demo")
    assert not found.active
    assert verify_password(PASSWORD, found.password_hash)
    assert verify_password(opened.secrets["admin_password"], user(home, "admin").password_hash), (
        "who is missing is added"
    )


def test_access_is_taken_and_given_back(home):
    for name, role in (("anna", "admin"), ("ben", "clinician")):
        run("add", name, "--home", str(home), "--role", role, "--password-stdin")
    before = user(home, "ben").auth_epoch
    assert run("disable", "ben", "--home", str(home)).exit_code == 0
    assert (user(home, "ben").active, user(home, "ben").auth_epoch) == (False, before + 1)
    assert run("enable", "ben", "--home", str(home)).exit_code == 0
    assert run("role", "ben", "service", "--home", str(home)).exit_code == 0
    assert (user(home, "ben").active, user(home, "ben").role) == (True, "service")
    with make_session_factory(make_engine(Home.database_in(home))).begin() as session:
        noted = [(e.actor_name, e.action) for e in session.scalars(select(AuditEvent).order_by(AuditEvent.id))]
    assert noted == [("command line", a) for a in ("user.create",) * 2 + ("user.update",) * 3]


def test_the_last_administrator_keeps_access(home):
    run("add", "anna", "--home", str(home), "--role", "admin", "--password-stdin")
    done = run("disable", "anna", "--home", str(home))
    assert done.exit_code == 1
    assert "last administrator" in done.output
    assert user(home, "anna").active


def test_a_password_is_exchanged_and_has_to_be_changed(home):
    added = run("add", "anna", "--home", str(home), "--password-stdin")
    assert added.exit_code == 0, added.output
    assert run("password", "anna", "--home", str(home), "--password-stdin", password="short").exit_code == 1
    another = "another sentence that is long"
    done = run("password", "anna", "--home", str(home), "--password-stdin", password=another)
    assert done.exit_code == 0, done.output
    assert verify_password(another, user(home, "anna").password_hash)
    assert user(home, "anna").must_change_password


def test_a_lost_second_factor_is_turned_off(home):
    run("add", "anna", "--home", str(home), "--password-stdin")
    with make_session_factory(make_engine(Home.database_in(home))).begin() as session:
        session.scalars(select(User)).one().second_factor = True
    assert run("second-factor-off", "anna", "--home", str(home)).exit_code == 0
    assert not user(home, "anna").second_factor


def test_an_account_of_which_nothing_is_kept_is_deleted(home):
    for name, role in (("anna", "admin"), ("ben", "clinician"), ("cleo", "clinician")):
        run("add", name, "--home", str(home), "--role", role, "--password-stdin")
    with make_session_factory(make_engine(Home.database_in(home))).begin() as session:
        owner = session.scalars(select(User).where(User.username == "cleo")).one()
        session.add(Case(owner_id=owner.id, pseudonym="P-1"))
    assert run("delete", "ben", "--home", str(home), password="n").exit_code == 1
    assert run("delete", "ben", "--home", str(home), "--yes").exit_code == 0
    for name, why in (("cleo", "disable"), ("anna", "last administrator"), ("ben", "no user ben")):
        refused = run("delete", name, "--home", str(home), "--yes")
        assert refused.exit_code == 1
        assert why in refused.output
    with make_session_factory(make_engine(Home.database_in(home))).begin() as session:
        assert set(session.scalars(select(User.username))) == {"anna", "cleo"}
        assert session.scalars(select(AuditEvent.detail).where(AuditEvent.action == "user.delete")).all() == [
            {"username": "ben", "role": "clinician"}
        ]


def test_an_unknown_user_is_told(home):
    done = run("disable", "nobody", "--home", str(home))
    assert done.exit_code == 1
    assert "There is no user nobody." in done.output


@pytest.mark.parametrize("name", ["dr lee", "dr.müller", "x" * 101, ""])
def test_a_name_that_cannot_be_one_is_refused_in_words(home, name):
    refused = run("add", name, "--home", str(home), "--password-stdin")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("A user name has up to 100 characters: letters A to Z")


def test_a_password_from_a_file_of_windows_is_the_line_alone(home):
    done = CliRunner().invoke(app, ["add", "anna", "--home", str(home), "--password-stdin"], f"\ufeff{PASSWORD}\r\n")
    assert done.exit_code == 0, done.output
    assert verify_password(PASSWORD, user(home, "anna").password_hash)
