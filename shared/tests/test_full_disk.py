"""Every command line says in a line that a disk is full, and what to do."""

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from importlib.metadata import entry_points

import pytest
import typer
from typer.testing import CliRunner

from lobule.command_line import Commands
from lobule.storage import StoreFullError, is_disk_full
from lobule.terminal import said_of, words

FULL = os.strerror(errno.ENOSPC)
OF_ANOTHER_KIND = "dicom-node"
"""Commands of `argparse`: their test is services/dicom/tests/test_commands.py."""


def test_the_language_of_the_terminal(monkeypatch):
    for name, language in (("zh_CN.UTF-8", "zh"), ("de_AT.UTF-8", "en")):
        monkeypatch.setenv("LC_ALL", name)
        assert words().language == language


@pytest.mark.parametrize(
    ("error", "is_full"),
    [
        (OSError(errno.ENOSPC, FULL), True),
        (OSError(errno.EDQUOT, "quota"), True),
        (StoreFullError("full"), True),
        (shutil.Error([("a", "b", f"[Errno 28] {FULL}: 'b'")]), True),
        (OSError(f"Can't write data (errno = 28, error message = '{FULL}')"), True),  # HDF5
        (OSError("4000 requested and 1024 written"), True),  # NumPy
        (OSError(errno.EACCES, "forbidden"), False),
        (OSError("no number"), False),
        (ValueError(FULL), False),
    ],
)
def test_which_errors_say_that_a_disk_is_full(error, is_full):
    assert is_disk_full(error) is is_full
    assert said_of(error).startswith("A disk is full") is is_full


def test_a_full_database_of_sqlite(tmp_path):
    with sqlite3.connect(tmp_path / "a.sqlite") as database:
        database.execute("CREATE TABLE texts (text)")
        database.execute("PRAGMA max_page_count = 2")
        with pytest.raises(sqlite3.OperationalError) as raised:
            database.execute("INSERT INTO texts VALUES (?)", ["x" * 20_000])
    database.close()
    assert is_disk_full(raised.value)


def test_a_command():
    app = typer.Typer(cls=Commands)

    @app.command()
    def write() -> None:
        raise OSError(errno.ENOSPC, FULL, "model.npz")

    @app.command()
    def fail() -> None:
        raise ZeroDivisionError

    done = CliRunner().invoke(app, ["write"], env={"LC_ALL": "C.UTF-8"})
    assert (done.exit_code, done.stdout) == (1, "")
    assert (
        done.stderr == f"A disk is full: [Errno 28] {FULL}: 'model.npz'. Make room on it, then run the command again.\n"
    )
    assert isinstance(CliRunner().invoke(app, ["fail"]).exception, ZeroDivisionError)


def test_all_command_lines_are_of_this_kind():
    """Of those in packages of this repository; see `[project.scripts]` in each `pyproject.toml`."""
    ours = ("lobule", "histo_worker", "mammo_worker", "dicom_node", "gateway", "report")
    found = {each.name: each for each in entry_points(group="console_scripts") if each.value.startswith(ours)}
    for name in {*found} - {OF_ANOTHER_KIND}:
        script = f"""
import sys
from typer.main import Typer
from lobule.command_line import Commands
Typer.__call__ = lambda app: sys.exit(0 if issubclass(app.info.cls, Commands) else "not of this kind")
from {found[name].module} import {found[name].attr} as main
main()
"""
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{name}: {done.stderr}"
    assert {"lobule", "histo-worker", "mammo-worker"} <= {*found}
