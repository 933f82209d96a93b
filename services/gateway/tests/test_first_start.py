"""`python -m gateway.first_start` adds the users of a new database, and none later."""

import io
import shutil

import pytest

from gateway import first_start
from gateway.accounts import commands
from gateway.command_line import sessions_at
from gateway.database import read
from gateway.settings import get_settings
from gateway.users import repository
from lobule.cli.common import DEFAULT_HOME

USERS = ["clinician:demo", "admin:admin"]
PASSWORDS = "a long sentence of words\nanother long sentence of words\n"


@pytest.fixture(autouse=True)
def database(monkeypatch, tmp_path, migrated_sqlite):
    url = f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'lobule.sqlite')}"
    secrets = {"SECRET_KEY": "s" * 32, "INTERNAL_TOKEN": "t" * 32}
    places = {"DATABASE_URL": url, "OBJECT_STORE_URL": tmp_path.as_uri(), "REDIS_URL": "unix:///nowhere"}
    for name, value in (secrets | places).items():
        monkeypatch.setenv(f"LOBULE_{name}", value)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.fixture
def start(monkeypatch):
    def start(users: list[str] = USERS) -> list[str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORDS))
        first_start.main(users)
        return [user.username for user in read(sessions_at(DEFAULT_HOME), repository.all_users)]

    return start


def test_a_deleted_user_does_not_come_back(start):
    assert start() == ["admin", "demo"]
    commands.delete_user("demo", yes=True)
    assert start() == ["admin"]


def test_an_interrupted_start_is_completed(start):
    assert start(USERS[:1]) == ["demo"]
    assert start() == ["admin", "demo"]
