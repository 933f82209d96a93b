"""The anchors that `lobule up` keeps in its folder."""

import shutil
import sqlite3

import pytest
from typer.testing import CliRunner

from gateway.audit.commands import app
from lobule.launcher.home import Home


@pytest.fixture
def home(tmp_path, monkeypatch, migrated_sqlite):
    """A folder as `lobule up` leaves it."""
    for name in ("LOBULE_DATABASE_URL", "LOBULE_DATABASE_URL_FILE", "LOBULE_AUDIT_ANCHORS"):
        monkeypatch.delenv(name, raising=False)
    Home.open(tmp_path / "lobule")
    shutil.copy(migrated_sqlite, tmp_path / "lobule" / "lobule.sqlite")
    return tmp_path / "lobule"


def test_what_was_cut_off_the_log_is_found_by_the_anchors_of_the_folder(home):
    def run(*words: str):
        return CliRunner().invoke(app, [*words, "--home", str(home)])

    assert run("export").exit_code == 0
    assert run("anchor", Home.open(home).settings()["audit_anchors"]).exit_code == 0
    sound = run("verify")
    assert (sound.exit_code, "anchors: 1, faults: 0" in sound.stdout) == (0, True)
    database = sqlite3.connect(home / "lobule.sqlite")
    database.executescript("DELETE FROM audit_events; UPDATE audit_chains SET position = 0, link = ''")
    database.close()
    cut = run("verify")
    assert (cut.exit_code, "were deleted" in cut.stdout) == (1, True)
