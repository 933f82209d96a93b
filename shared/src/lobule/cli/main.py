"""The command line: the commands of this package, and those that installed services register."""

from importlib.metadata import entry_points
from typing import Annotated

import typer

from lobule import __version__
from lobule.cli import demo, diagnose, doctor, models, up

COMMAND_GROUP = "lobule.commands"  # services register typer apps under this entry-point group


def build() -> typer.Typer:
    """The command line with every command that is installed."""
    app = typer.Typer(no_args_is_help=True)
    app.callback()(_lobule)
    app.command()(up.up)
    app.command()(demo.demo)
    app.command()(diagnose.diagnose)
    app.command()(doctor.doctor)
    app.add_typer(models.app, name="models")
    for entry in entry_points(group=COMMAND_GROUP):
        app.add_typer(entry.load(), name=entry.name)
    return app


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


def _lobule(
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="print the version and exit")
    ] = False,
) -> None:
    """Lobule: breast-cancer computer-aided diagnosis."""


def main() -> None:
    """Run the command line."""
    build()()
