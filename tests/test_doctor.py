"""`lobule doctor` reports what is wrong with an installation, and exits with status 1."""

import json
import os
import shutil
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
import settings_table
from redis import Redis
from typer.testing import CliRunner

from gateway.operations.checks import unknown_variables
from histo_worker.settings import HistoSettings
from lobule import __version__
from lobule.cli.main import build
from lobule.diagnosis import Check, Installation, machine
from lobule.launcher.home import Home
from lobule.storage.base import StoreFullError
from lobule.storage.encrypted import EncryptedStore
from lobule.storage.keys import DataKeys, MasterKey
from lobule.storage.local import LocalStore
from lobule.words import Words
from mammo_worker.settings import MammoSettings


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    for name in [name for name in os.environ if name.startswith("LOBULE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LANG", "C")


@pytest.fixture
def home(tmp_path, migrated_sqlite):
    """A folder of `lobule up`."""
    opened = Home.open(tmp_path / "home")
    shutil.copy(migrated_sqlite, opened.folder / "lobule.sqlite")
    (opened.folder / "lobule.sqlite").chmod(0o600)
    return opened.folder


def examine(*arguments: object) -> tuple[int, dict[str, list[tuple[str, str]]]]:
    """The exit status, and the messages about each part."""
    done = CliRunner().invoke(build(), ["doctor", "--json", *map(str, arguments)])
    said: dict[str, list[tuple[str, str]]] = {}
    for line in done.stdout.splitlines():
        check = json.loads(line)
        said.setdefault(check["part"], []).append((check["state"], check["says"]))
    return done.exit_code, said


def test_a_whole_installation(home):
    status, said = examine("--home", home, "--port", 0)
    assert {part for part, checks in said.items() if any(state == "problem" for state, _ in checks)} == set()
    assert status == 0
    assert {"services", "redis", "store", "disk", "files", "port", "database"} <= set(said)
    assert "mammo-densenet121" in said["mammography model"][0][1]
    assert not [path for path in (home / "objects").rglob("*") if path.is_file()], "the check leaves nothing behind"


def test_what_is_wrong_is_named_with_what_to_do(home, tmp_path, monkeypatch):
    damaged = tmp_path / "damaged"
    shutil.copytree(HistoSettings().model, damaged)
    (damaged / "weights.npz").write_bytes(b"other weights")
    monkeypatch.setenv("LOBULE_HISTO_MODEL", str(damaged))
    monkeypatch.setenv("LOBULE_REDIS_URL", f"unix://{tmp_path / 'none.sock'}")
    monkeypatch.setenv("LOBULE_OBJECT_STORE_URL", "ftp://elsewhere")
    (home / "secrets.json").chmod(0o644)
    (home / "lobule.sqlite").write_bytes(b"no database at all, but long enough to be read as one" * 40)
    with socket.create_server(("127.0.0.1", 0)) as other:
        status, said = examine("--home", home, "--port", other.getsockname()[1], "--server", "http://127.0.0.1:1")
    assert status == 1
    assert said["redis"][0][0] == "problem"
    assert "LOBULE_REDIS_URL" in said["redis"][0][1]
    assert said["store"][0][0] == "problem"
    assert said["files"][1] == (
        "warning",
        f"{home}/secrets.json can be read by other users (mode 0o644). Run: chmod 600 {home}/secrets.json",
    )
    assert said["database"][0][0] == "problem"
    (port,) = said["port"]
    assert port[0] == "problem"
    assert port[1].startswith("Another program listens at http://127.0.0.1:")
    assert said["histopathology model"][0][0] == "problem"
    assert said["server"][0][0] == "problem"


def test_an_address_that_is_not_of_this_machine(home):
    status, said = examine("--home", home, "--host", "192.0.2.254", "--port", 0)
    assert status == 1
    assert said["port"][0][1].startswith(
        "Lobule cannot listen at http://192.0.2.254:0: Cannot assign requested address. "
    )


def test_root_looks_at_the_folder_of_another_user(home, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 0)
    owner = home.stat().st_uid
    stated = Path.stat
    service = SimpleNamespace(st_uid=owner + 7, st_mode=0o100600)
    theirs = {home, home / "secrets.json", home / "lobule.sqlite"}
    with monkeypatch.context() as files:
        files.setattr(Path, "stat", lambda self, **asked: service if self in theirs else stated(self, **asked))
        checks = machine.files(Installation(home, embedded=True, server=None, host="127.0.0.1", port=0))
        files.setattr(Path, "is_dir", lambda _: True)
        assert {check.state for check in checks} == {"ok"}
        theirs.remove(home / "lobule.sqlite")  # as a command that root ran may leave it
        checks = machine.files(Installation(home, embedded=True, server=None, host="127.0.0.1", port=0))
        assert [check.code for check in checks] == ["foreign_file", "private_file"]


def test_a_package_of_another_modality(home, monkeypatch):
    of_films, of_fields = MammoSettings().package, HistoSettings().model
    monkeypatch.setenv("LOBULE_HISTO_MODEL", str(of_films))
    monkeypatch.setenv("LOBULE_MAMMO_MODEL", str(of_fields))
    status, said = examine("--home", home, "--port", 0)
    assert status == 1
    ((histology, first),) = said["histopathology model"]
    ((mammography, second),) = said["mammography model"]
    assert histology == mammography == "problem"
    assert "“mammo-densenet121” is for mammography" in first
    assert "“breakhis-densenet121” is for histopathology" in second


def test_a_full_store(home, monkeypatch):
    def put(*_: object) -> None:
        raise StoreFullError

    monkeypatch.setattr(LocalStore, "put", put)
    assert examine("--home", home)[1]["store"] == [
        ("problem", f"{(home / 'objects').as_uri()} is full, so uploads are refused. Free or add space.")
    ]


@pytest.mark.parametrize(("free", "state"), [(300 * 1024**2, "problem"), (700 * 1024**2, "warning")])
def test_a_disk_with_little_space(home, monkeypatch, free, state):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=10**12, used=0, free=free))
    status, said = examine("--home", home, "--port", 0)
    assert status == (state == "problem")
    assert {each for each, _ in said["disk"]} == {state}
    shutil.rmtree(home / "objects")  # as before the first start
    assert examine("--home", home, "--port", 0)[0] == status


@pytest.mark.parametrize(("free", "state"), [(20 * 1024**2, "problem"), (128 * 1024**2, "ok")])
def test_a_small_folder_for_temporary_files_is_enough(monkeypatch, tmp_path, free, state):
    """As in the gateway's container, where the check said that uploads were refused."""
    monkeypatch.setenv("LOBULE_DATABASE_URL", f"sqlite:///{tmp_path}/lobule.sqlite")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=128 * 1024**2, used=0, free=free))
    [(found, said)] = examine("--home", tmp_path)[1]["disk"]
    assert (found, "reports fail" in said) == (state, state == "problem")


@pytest.fixture
def guarded_redis(clean_redis):
    """The Redis with a password."""
    with Redis.from_url(clean_redis) as redis:
        redis.config_set("requirepass", "secret")
        try:
            yield clean_redis
        finally:
            redis.config_set("requirepass", "")


@pytest.mark.parametrize("login", ["", "nobody:wrong@"])
def test_a_redis_that_wants_a_password(guarded_redis, login, home, monkeypatch):
    monkeypatch.setenv("LOBULE_REDIS_URL", guarded_redis.replace("://", f"://{login}", 1))
    ((state, sentence),) = examine("--home", home)[1]["redis"]
    assert state == "problem"
    assert sentence.startswith("Redis refuses the name or password in LOBULE_REDIS_URL")


@pytest.mark.parametrize("reason", ["Connection refused.", "Connection refused"])
def test_a_reason_ends_with_one_full_stop(reason):
    said = Check("redis", "problem", "redis_away", {"reason": reason}).sentence(Words("en"))
    assert said.startswith("Redis does not answer: Connection refused. Start it")


def test_the_variables_of_a_server(monkeypatch, tmp_path):
    monkeypatch.setenv("LOBULE_DATABASE_URL", "mysql://host/name")
    status, said = examine("--home", tmp_path)
    assert status == 1
    texts = " ".join(text for _, text in said["settings"])
    for variable in ("LOBULE_DATABASE_URL", "LOBULE_SECRET_KEY", "LOBULE_OBJECT_STORE_URL"):
        assert variable in texts
    assert "database" not in said, "said once"
    assert said["redis"][0][0] == said["store"][0][0] == "problem"


def test_a_folder_that_is_named_beside_the_variables_of_a_server(home, tmp_path, monkeypatch, migrated_sqlite):
    """What `lobule up --home` would use: the folder, with the database of the variable."""
    other = tmp_path / "other.sqlite"
    shutil.copy(migrated_sqlite, other)
    monkeypatch.setenv("LOBULE_DATABASE_URL", f"sqlite:///{other}")
    status, said = examine("--home", home, "--port", 0)
    assert status == 0, said
    assert {"files", "port", "store"} <= set(said), "the folder is checked"
    (warned, elsewhere), (state, found) = said["database"]
    assert (warned, state) == ("warning", "ok")
    assert str(home) in elsewhere
    assert str(other) in found
    (home / "lobule.sqlite").unlink()
    assert [state for state, _ in examine("--home", home, "--port", 0)[1]["database"]] == ["ok"]


def test_a_database_that_is_not_there_is_not_made(monkeypatch, tmp_path):
    monkeypatch.setenv("LOBULE_DATABASE_URL", f"sqlite:///{tmp_path}/lobule.sqlite")
    [(state, found)] = examine("--home", tmp_path)[1]["database"]
    assert state == "problem"
    assert "gateway.migrate" in found
    assert list(tmp_path.iterdir()) == []


def test_a_database_beside_wrong_settings(monkeypatch, tmp_path):
    """Its address holds a password, which no message repeats."""
    monkeypatch.setenv("LOBULE_DATABASE_URL", "postgresql+psycopg://lobule:hidden-word@127.0.0.1:1/lobule")
    monkeypatch.setenv("LOBULE_SECRET_KEY", "hidden-word")
    monkeypatch.setenv("LOBULE_MAMMO_PREVALENCE", "hidden-word")
    status, said = examine("--home", tmp_path)
    assert status == 1
    assert said["database"][0][0] == "problem"
    assert "hidden-word" not in str(said)
    assert "prevalence: Input should be a valid number" in said["mammo-model"][0][1]


@pytest.mark.parametrize("from_file", [False, True])
def test_a_worker_on_a_server_takes_redis_from_a_file(from_file, monkeypatch, tmp_path, clean_redis):
    (tmp_path / "redis_url").write_text(f"{clean_redis}\n")
    (tmp_path / "gateway_url").write_text("http://gateway:8001\n")
    name, value = ("GATEWAY_URL_FILE", str(tmp_path / "gateway_url")) if from_file else ("GATEWAY_URL", "http://g:8001")
    monkeypatch.setenv(f"LOBULE_{name}", value)
    monkeypatch.setenv("LOBULE_REDIS_URL_FILE", str(tmp_path / "redis_url"))
    monkeypatch.setenv("LOBULE_OBJECT_STORE_URL", (tmp_path / "objects").as_uri())
    _, said = examine("--home", tmp_path)
    assert said["redis"][0][0] == said["store"][0][0] == "ok"
    assert "port" not in said, "this process serves none"


def test_misspelt_variables_are_named(home, monkeypatch):
    for name in ("LOBULE_RETENTION_DAY", "LOBULE_SECRETKEY_FILE"):
        monkeypatch.setenv(name, "30")
    warnings = [says for state, says in examine("--home", home)[1]["settings"] if state == "warning"]
    assert [says.split(". ")[0] for says in warnings] == [
        "No service reads LOBULE_RETENTION_DAY",
        "No service reads LOBULE_SECRETKEY_FILE",
    ]
    assert unknown_variables(name + end for name in settings_table.rows() for end in ("", "_FILE")) == []


def test_anchors_that_cannot_be_kept_are_a_problem(home, tmp_path, monkeypatch):
    monkeypatch.setenv("LOBULE_AUDIT_ANCHORS", str(tmp_path / "none" / "anchors"))
    status, said = examine("--home", home)
    [(state, says)] = said["audit log"]
    assert (status, state, f"{tmp_path}/none/anchors: No such file" in says) == (1, "problem", True)
    monkeypatch.setenv("LOBULE_AUDIT_ANCHORS", str(tmp_path / "anchors"))
    assert "audit log" not in examine("--home", home)[1]
    assert not (tmp_path / "anchors").exists()


def test_encryption_is_off_while_the_file_of_its_key_is_empty(home, tmp_path, monkeypatch):
    key = tmp_path / "master_key"
    key.write_text("\n")
    monkeypatch.setenv("LOBULE_MASTER_KEY_FILE", str(key))
    assert [state for state, _ in examine("--home", home)[1]["encryption"]] == ["warning"]
    key.write_text("a master key of at least 32 characters")
    assert [state for state, _ in examine("--home", home)[1]["encryption"]] == ["ok"]


def test_objects_that_the_master_key_does_not_open_are_a_problem(home, tmp_path, monkeypatch):
    """Otherwise a server that lost its key would be called unencrypted, and one with another key fine."""
    keys = {name: f"master key {name} of at least 32 characters" for name in ("right", "other")}
    for name, key in keys.items():
        (tmp_path / name).write_text(key)
    store = LocalStore(Home.open(home).folder / "objects")
    EncryptedStore(store, DataKeys(store, MasterKey(keys["right"]))).put("images/a/upload", b"pixels")

    def said(name: str, before: str = "") -> str:
        monkeypatch.setenv("LOBULE_MASTER_KEY_FILE", str(tmp_path / name) if name else "")
        monkeypatch.setenv("LOBULE_MASTER_KEY_BEFORE_FILE", str(tmp_path / before) if before else "")
        [(state, _)] = examine("--home", home)[1]["encryption"]
        return state

    assert [said("right"), said("other", before="right"), said("other"), said("")] == ["ok", "ok", "problem", "problem"]


def test_a_shell_completes_commands():
    words = {"_LOBULE_COMPLETE": "complete_bash", "COMP_WORDS": "lobule do", "COMP_CWORD": "1"}
    assert CliRunner().invoke(build(), [], prog_name="lobule", env=words).stdout.split() == ["doctor"]


def test_the_version_is_printed():
    assert CliRunner().invoke(build(), ["--version"]).stdout == f"{__version__}\n"
