"""`lobule doctor`: checks an installation, and explains how to fix problems."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lobule.cli.common import DEFAULT_HOME, HomeFolder, words
from lobule.diagnosis import Check, Installation, check_installation

_STYLES = {"ok": "green", "warning": "yellow", "problem": "bold red"}


def doctor(
    home: HomeFolder = DEFAULT_HOME,
    server: Annotated[
        str | None, typer.Option(envvar="LOBULE_SERVER", help="also check the server at this address")
    ] = None,
    host: Annotated[str, typer.Option(help="address on which `lobule up` listens")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="port on which `lobule up` listens")] = 8000,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object per check")] = False,
) -> None:
    """Check settings, Redis, database, store, disks, clock, certificate, ports and models.

    The exit status is 1 if there is a problem.

    The checks use the LOBULE_* variables of the environment. If neither LOBULE_DATABASE_URL nor LOBULE_GATEWAY_URL is
    set, or --home names a folder that `lobule up` has made, they check that folder. As with `lobule up`, a database, an
    object store or a Redis that a variable names counts instead of that of the folder.
    """
    checks = check_installation(Installation.at(home, server, host, port, is_named=home != DEFAULT_HOME))
    if as_json:
        for check in checks:
            typer.echo(json.dumps({"part": check.part, "state": check.state, "says": check.sentence(words())}))
    else:
        _print(checks)
    if any(check.state == "problem" for check in checks):
        raise typer.Exit(1)


def _print(checks: list[Check]) -> None:
    t = words()
    table = Table(t("doctor.part"), t("doctor.state"))
    table.add_column(t("doctor.says"), overflow="fold")  # a path is shown whole
    for check in checks:
        state = f"[{_STYLES[check.state]}]{t(f'doctor.state.{check.state}')}[/]"
        table.add_row(check.part, state, check.sentence(t).replace("[", r"\["))
    Console().print(table)
