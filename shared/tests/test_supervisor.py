"""The services of an embedded deployment are logged, started again and ended together."""

import contextlib
import errno
import os
import subprocess
import sys
import threading
import time
from typing import Any

from lobule.launcher import supervisor as supervisor_module
from lobule.launcher.supervisor import Child, Supervisor


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


def test_a_log_goes_on_after_the_disk_had_no_space_for_a_new_file(tmp_path, monkeypatch):
    opened = supervisor_module._owners_alone

    def refuse(_path: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(supervisor_module, "_LOG_BYTES", 5)
    with supervisor_module._LogFile(tmp_path / "talking.log") as log:
        log.write("first\n")
        monkeypatch.setattr(supervisor_module, "_owners_alone", refuse)
        log.write("lost\n")
        monkeypatch.setattr(supervisor_module, "_owners_alone", opened)
        log.write("last\n")
    assert (tmp_path / "talking.log").read_text() == "last\n"


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


def test_a_service_that_starts_again_while_all_are_ended_is_ended(tmp_path, monkeypatch):
    ran, popen, begun, closed = tmp_path / "ran", subprocess.Popen, threading.Event(), threading.Event()
    command = f"import pathlib, time; ran = pathlib.Path({str(ran)!r}); time.sleep(60) if ran.exists() else ran.touch()"
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: Any, **options: Any) -> subprocess.Popen[str]:
        if started:
            begun.set()
            closed.wait(1)
        started.append(popen(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(supervisor_module.subprocess, "Popen", start)
    supervisor = Supervisor({}, tmp_path, show_logs=False)
    supervisor.start(Child("ending", [sys.executable, "-c", command]))
    assert begun.wait(60)
    supervisor.close()
    closed.set()
    while len(started) < 2:
        time.sleep(0.01)
    running = [process for process in started if process.poll() is None]
    supervisor.kill()
    assert not running


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
