"""Backups that still have something of a patient are named, and forget what was purged."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from gateway.audit.service import record
from gateway.database import make_engine
from gateway.operations import backup
from gateway.purge import commands
from gateway.purge.service import Purge, note_of_command

FILM = {"name": "a.dcm", "modality": "mammography"}


@pytest.fixture
def make_backup(app):
    """Makes a backup and notes it, as `lobule backup create` does."""

    def make(folder):
        backup.create(make_engine(app.state.settings.database_url), app.state.store, folder)
        with app.state.sessions.begin() as session:
            record(session, None, "command line", "backup.create", detail={"folder": str(folder)})

    return make


@pytest.fixture
def look(app, monkeypatch):
    """Runs the command; gives its exit status, and the state and numbers of each folder by its name."""
    monkeypatch.setattr(commands, "settings_at", lambda _home: app.state.settings)

    def run(patient, *options):
        done = CliRunner().invoke(commands.app, ["backups", *options], input=f"{patient}\n")
        found = json.loads(done.stdout) if done.stdout else []
        return done.exit_code, {each["folder"].rpartition("/")[2]: each for each in found}

    return run


@pytest.fixture
def films(upload, draw_film, write_dicom, tmp_path):
    """A film of each of two patients."""
    for number, patient in enumerate(("P-4711", "P-9")):
        film = write_dicom(tmp_path / "film.dcm", draw_film(seed=number), 12, PatientID=patient)
        assert upload(film.read_bytes(), **FILM).status_code == 202


def purge(app, patient):
    work = Purge(app.state.sessions, app.state.store, app.state.fingerprints)
    work.run(patient, by="lobule", reason="asked for", note=note_of_command)


def test_each_backup_says_what_it_has_until_it_forgets_it(app, films, make_backup, look, tmp_path):
    nightly, old = tmp_path / "nightly", tmp_path / "old"
    make_backup(nightly)
    make_backup(old)
    status, found = look(" p-4711 ")
    assert (status, {name: each["state"] for name, each in found.items()}) == (1, {"nightly": "holds", "old": "holds"})
    assert (found["old"]["images"], found["old"]["objects"] > 0, found["old"]["bytes"] > 1000) == (1, True, True)
    purge(app, "P-4711")
    make_backup(nightly)
    _, found = look("P-4711")
    assert [(each["images"], each["objects"] > 0) for each in found.values()] == [(0, True), (1, True)]
    assert backup.forget_objects(app.state.store, nightly) == found["nightly"]["objects"]
    assert look("P-4711")[1]["nightly"]["state"] == "free"
    assert look("P-9")[1]["nightly"]["state"] == "holds", "the other patient's are kept"
    shutil.rmtree(old)
    status, found = look("P-4711")
    assert (status, found["old"]["state"], found["old"]["made_at"]) == (1, "unreachable", None)


def test_a_folder_that_nobody_noted_can_be_named(app, films, make_backup, look, tmp_path):
    make_backup(tmp_path / "nightly")
    shutil.copytree(tmp_path / "nightly", tmp_path / "copy")
    assert set(look("P-4711", "--folder", str(tmp_path / "copy"))[1]) == {"nightly", "copy"}
    assert look("nobody-knows")[0] == 0


def test_nobody_is_refused_and_a_store_of_something_else_forgets_nothing(app, films, make_backup, look, tmp_path):
    assert look("ANONYMOUS") == (2, {})
    make_backup(tmp_path / "nightly")
    shutil.rmtree(app.state.store.root / "images")
    with pytest.raises(backup.BackupError, match="has no objects"):
        backup.forget_objects(app.state.store, tmp_path / "nightly")
    assert look("P-4711")[1]["nightly"]["state"] == "holds"
