"""Backups that still have something of a patient are named, and forget what was purged."""

import fcntl
import json
import shutil

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from gateway.audit.service import record
from gateway.backup_folder import in_use
from gateway.database import make_engine
from gateway.operations import backup, forgetting
from gateway.purge import commands
from gateway.purge.service import Purge, note_of_command
from lobule.storage.local import LocalStore

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


def without_rows(folder):
    """A backup whose rows name no image."""
    (folder / "rows").mkdir(parents=True)
    (folder / "rows" / "images.jsonl").touch()
    (folder / "backup.json").write_text("{}")
    return folder


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
    assert forgetting.forget_objects(app.state.store, nightly) == found["nightly"]["objects"]
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
    shutil.rmtree(app.state.store.inner.root / "images")
    with pytest.raises(backup.BackupError, match="has no objects"):
        forgetting.forget_objects(app.state.store, tmp_path / "nightly")
    assert look("P-4711")[1]["nightly"]["state"] == "holds"


def test_rows_of_a_backup_that_was_interrupted_are_found_too(app, films, make_backup, look, tmp_path):
    make_backup(tmp_path / "nightly")
    shutil.copytree(tmp_path / "nightly" / "rows", tmp_path / "rows")
    purge(app, "P-4711")
    make_backup(tmp_path / "nightly")
    forgetting.forget_objects(app.state.store, tmp_path / "nightly", sure=True)
    assert look("P-4711")[1]["nightly"]["state"] == "free"
    shutil.move(tmp_path / "rows", tmp_path / "nightly" / "rows")
    with (tmp_path / "nightly" / "rows" / "images.jsonl").open("a") as rows:
        rows.write('{"id": "cut')
    assert look("P-4711")[1]["nightly"]["state"] == "holds"
    make_backup(tmp_path / "nightly")
    assert look("P-4711")[1]["nightly"]["state"] == "free"


def test_forgetting_needs_confirmation_if_the_store_lacks_objects_of_the_backup(app, films, make_backup, tmp_path):
    make_backup(tmp_path / "nightly")
    purge(app, "P-4711")
    with pytest.raises(backup.BackupError, match="name one file that the store lacks"):
        forgetting.forget_objects(app.state.store, tmp_path / "nightly")
    assert forgetting.forget_objects(app.state.store, tmp_path / "nightly", sure=True) > 0


def test_more_than_half_of_a_backup_is_not_forgotten_unasked(tmp_path):
    store, folder = LocalStore(tmp_path / "store"), without_rows(tmp_path / "backup")
    for number in range(3):
        LocalStore(folder / "objects").put(f"images/{number}/original", b"film")
    store.put("images/0/original", b"film")
    with pytest.raises(backup.BackupError, match="most objects of the backup: 2 of 3"):
        forgetting.forget_objects(store, folder)
    assert forgetting.forget_objects(store, folder, sure=True) == 2
    store.delete("images")
    store.put("images/another/original", b"film")
    with pytest.raises(backup.BackupError, match="has no objects of this backup"):
        forgetting.forget_objects(store, folder, sure=True)


def test_what_a_backup_is_given_meanwhile_is_not_forgotten(tmp_path, monkeypatch):
    store, folder = LocalStore(tmp_path / "store"), without_rows(tmp_path / "backup")
    for one in (store, LocalStore(folder / "objects")):
        one.put("images/0/original", b"film")
    listed = LocalStore.entries

    def entries(self, prefix):
        found = list(listed(self, prefix))
        if not (store.root / "images" / "1").exists():  # an upload is backed up after the first listing
            store.put("images/1/original", b"film")
            LocalStore(folder / "objects").put("images/1/original", b"film")
        return found

    monkeypatch.setattr(LocalStore, "entries", entries)
    assert forgetting.forget_objects(store, folder) == 0


def test_a_backup_is_not_made_while_it_forgets(tmp_path):
    (tmp_path / "lock").touch()
    with in_use(tmp_path), (tmp_path / "lock").open("w") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_backup_of_another_secret_is_not_called_free(app, films, make_backup, look, tmp_path, monkeypatch):
    make_backup(tmp_path / "nightly")
    key = SecretStr("another secret of the same hospital, long enough")
    monkeypatch.setattr(app.state, "settings", app.state.settings.model_copy(update={"secret_key": key}))
    assert [look("P-4711")[0], look("P-4711")[1]["nightly"]["state"]] == [1, "unknown"]


def test_files_that_were_purged_under_another_secret_are_not_called_nobodys(
    app, films, make_backup, look, tmp_path, monkeypatch
):
    make_backup(tmp_path / "nightly")
    for patient in ("P-4711", "P-9"):
        purge(app, patient)
    make_backup(tmp_path / "nightly")
    key = SecretStr("another secret of the same hospital, long enough")
    monkeypatch.setattr(app.state, "settings", app.state.settings.model_copy(update={"secret_key": key}))
    assert [look("P-4711")[0], look("P-4711")[1]["nightly"]["state"]] == [1, "unknown"]
    shutil.rmtree(tmp_path / "nightly" / "objects")
    assert look("P-4711")[1]["nightly"]["state"] == "free"


def test_a_backup_of_a_version_that_noted_no_patient_is_not_called_free(app, films, make_backup, look, tmp_path):
    make_backup(tmp_path / "nightly")
    rows = tmp_path / "nightly" / "rows" / "images.jsonl"
    old = [json.loads(line) for line in rows.read_text().splitlines()]
    for row in old:
        del row["patient_id_mark"]
    rows.write_text("".join(f"{json.dumps(row)}\n" for row in old))
    assert look("P-4711")[1]["nightly"]["state"] == "unknown"


def test_nothing_is_free_if_no_backup_is_known_or_none_has_a_folder(app, look, tmp_path, monkeypatch):
    assert look("P-4711") == (1, {})
    with app.state.sessions.begin() as session:
        record(session, None, "command line", "backup.create", detail={})
    (tmp_path / "backup.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert look("P-4711")[1][""]["state"] == "unreachable"
