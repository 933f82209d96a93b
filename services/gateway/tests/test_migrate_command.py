"""`python -m gateway.migrate` for the folder of `lobule up`."""

import os

import postgres
import pytest
import typer
from sqlalchemy import make_url, text
from typer.testing import CliRunner

from gateway.database import make_engine
from gateway.migrate import current_revision, main
from gateway.settings import GatewaySettings
from lobule.launcher.home import Home
from lobule.settings import read_settings


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("LOBULE_")]:
        monkeypatch.delenv(name)
    return Home.open(tmp_path / "home")


def run(home: Home, *arguments: str):
    app = typer.Typer()
    app.command()(main)
    return CliRunner().invoke(app, ["--home", str(home.folder), *arguments])


def run_on(url: str, home: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOBULE_DATABASE_URL", url)
    return run(home, "--wait", "1")


def test_back_to_the_revision_of_an_older_version(home):
    (home.folder / "lobule.sqlite").touch()
    assert run(home).exit_code == 0
    assert run(home, "--revision", "0066").exit_code == 0
    with make_engine(Home.database_in(home.folder) or "").connect() as connection:
        assert current_revision(connection) == "0066"


def test_not_while_lobule_runs(home):
    (home.folder / "lobule.sqlite").touch()
    with home.in_use():
        done = run(home)
    assert done.exit_code == 1
    assert "is running already" in done.stderr


def test_a_folder_without_a_database_is_named(home):
    done = run(home)
    assert done.exit_code == 1
    assert str(home.folder) in done.stderr


def test_up_to_the_revision_of_a_backup(home):
    """As `lobule backup restore` asks for, where the new database is at an older revision."""
    (home.folder / "lobule.sqlite").touch()
    run(home, "--revision", "0066")
    assert run(home, "--revision", "0078").exit_code == 0
    with make_engine(Home.database_in(home.folder) or "").connect() as connection:
        assert current_revision(connection) == "0078"


def test_a_revision_that_is_unknown_is_refused_in_a_line(home):
    (home.folder / "lobule.sqlite").touch()
    run(home, "--revision", "0066")
    done = run(home, "--revision", "9999")
    assert done.exit_code == 1
    assert "'9999'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(("arguments", "code"), [((), 1), (("--accept-newer",), 0)])
def test_a_database_of_a_newer_version(home, arguments, code):
    (home.folder / "lobule.sqlite").touch()
    assert run(home).exit_code == 0
    with make_engine(Home.database_in(home.folder) or "").begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    done = run(home, *arguments)
    assert (done.exit_code, len(done.stderr.splitlines())) == (code, 1)
    assert "revision 9999, which this version does not know" in done.stderr
    assert "with --home FOLDER" in done.stderr


@pytest.mark.postgres
class TestOnPostgres:
    def test_a_user_who_may_not_create_tables(self, home, postgres_url, monkeypatch):
        """As in a database that another user created, since PostgreSQL 15."""
        role = make_url(postgres_url).database
        postgres.execute(postgres_url, f"CREATE ROLE {role} LOGIN")
        done = run_on(make_url(postgres_url).set(username=role).render_as_string(False), home, monkeypatch)
        postgres.execute(postgres_url, f"DROP ROLE {role}")
        assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)
        assert "permission denied for schema public. The user of LOBULE_DATABASE_URL must own" in done.stderr

    def test_an_encoding_that_lacks_most_letters(self, home, new_postgres_url, monkeypatch):
        url = new_postgres_url("template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'")
        done = run_on(url, home, monkeypatch)
        assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)
        assert "The encoding of the database is SQL_ASCII; Lobule needs UTF8" in done.stderr


@pytest.mark.parametrize(
    "url",
    ["postgresql+psycopg://lobule:secret@host:54x2/lobule", "postgresql+psycopg://lobule:secret@host", "sqlite:///"],
)
def test_an_address_without_a_database_is_refused_without_its_password(home, monkeypatch, capsys, url):
    monkeypatch.setenv("LOBULE_DATABASE_URL", url)
    monkeypatch.setenv("LOBULE_REDIS_URL", "unix:///none")
    for name in ("object_store_url", "internal_token", "secret_key"):
        monkeypatch.setenv(f"LOBULE_{name.upper()}", home.settings()[name])
    with pytest.raises(SystemExit) as ended:
        read_settings(GatewaySettings)
    said = capsys.readouterr().err
    assert ended.value.code == 78
    assert said.startswith("LOBULE_DATABASE_URL is wrong: it names no database")
    assert "secret" not in said
