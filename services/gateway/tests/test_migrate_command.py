"""`python -m gateway.migrate` for the folder of `lobule up`."""

import os

import pytest
import typer
from typer.testing import CliRunner

from gateway.database import make_engine
from gateway.migrate import current_revision, main
from lobule.launcher.home import Home


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("LOBULE_")]:
        monkeypatch.delenv(name)
    return Home.open(tmp_path / "home")


def run(home: Home, *arguments: str):
    app = typer.Typer()
    app.command()(main)
    return CliRunner().invoke(app, ["--home", str(home.folder), *arguments])


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
