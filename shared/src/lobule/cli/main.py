"""The command line: the commands of this package, and those that installed services register."""

from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Any

import typer
from typer.main import get_group

from lobule import __version__
from lobule.cli import demo, diagnose, doctor, models, up
from lobule.command_line import Commands

COMMAND_GROUP = "lobule.commands"  # services register typer apps under this entry-point group


class _WithRegistered(Commands):
    """Loads the commands of other services only if they are asked for, because the gateway takes a second to import."""

    def list_commands(self, ctx: Any) -> list[str]:
        self._load(*_registered())
        return super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in _registered():
            self._load(cmd_name)
        elif cmd_name not in self.commands:  # the message of an unknown command suggests one of all of them
            self._load(*_registered())
        return super().get_command(ctx, cmd_name)

    def _load(self, *names: str) -> None:
        for name in names:
            if name not in self.commands:
                self.commands[name] = get_group(_registered()[name].load())
                self.commands[name].name = name


def _registered() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=COMMAND_GROUP)}


def build() -> typer.Typer:
    """The command line with every command that is installed."""
    app = typer.Typer(cls=_WithRegistered, no_args_is_help=True)
    app.callback()(_lobule)
    app.command()(up.up)
    app.command()(demo.demo)
    app.command()(diagnose.diagnose)
    app.command()(doctor.doctor)
    app.add_typer(models.app, name="models")
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
