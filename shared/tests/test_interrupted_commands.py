"""Ctrl-C and SIGTERM end `lobule up` and `lobule demo` without an error, and without leaving services behind."""

import subprocess
import sys
from contextlib import contextmanager
from types import SimpleNamespace

from typer import Typer
from typer.testing import CliRunner

from lobule.cli import demo as module
from lobule.cli.demo import demo


def test_further_signals_do_not_interrupt_the_shutdown():
    script = """
import os, signal
from contextlib import contextmanager
from lobule.cli.up import until_interrupted

@contextmanager
def services():
    try:
        yield
    finally:
        os.kill(os.getpid(), signal.SIGTERM)  # as uv and make pass it on
        os.kill(os.getpid(), signal.SIGINT)
        print("all services ended")

with until_interrupted(), services():
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pause()
print("left")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "all services ended"
    assert done.stdout.splitlines()[-1] == "left"


def test_demo_ends_without_an_error_when_it_is_interrupted(tmp_path, monkeypatch):
    @contextmanager
    def running_system(*_, **__):
        yield SimpleNamespace(
            url="http://127.0.0.1:1", home=SimpleNamespace(folder=tmp_path, secrets={"demo_password": ""})
        )

    def interrupt(*_):
        raise KeyboardInterrupt

    @contextmanager
    def client(*_):
        yield SimpleNamespace(open_sample_case=lambda: None)

    monkeypatch.setattr(module, "running_system", running_system)
    monkeypatch.setattr(module, "print_address", lambda _: None)
    monkeypatch.setattr(module, "Client", client)
    monkeypatch.setattr(module, "_diagnose_all", lambda *_: ([], [tmp_path / "report.pdf"]))
    monkeypatch.setattr(module.threading, "Event", lambda: SimpleNamespace(wait=interrupt))
    app = Typer()
    app.command()(demo)
    done = CliRunner().invoke(app, [])
    assert done.exit_code == 0, done.output
    assert done.exception is None
    monkeypatch.setattr(module, "_diagnose_all", lambda *_: ([], []))
    assert CliRunner().invoke(app, []).exit_code == 1, "no report was written"
