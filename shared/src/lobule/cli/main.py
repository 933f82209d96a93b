"""The command line: the commands of this package, and those that installed services register."""

from importlib.metadata import entry_points

import typer

from lobule.cli import demo, diagnose, models, up

COMMAND_GROUP = "lobule.commands"  # services register typer apps under this entry-point group


def build() -> typer.Typer:
    """The command line with every command that is installed."""
    app = typer.Typer(
        no_args_is_help=True, add_completion=False, help="Lobule: breast-cancer computer-aided diagnosis."
    )
    app.command()(up.up)
    app.command()(demo.demo)
    app.command()(diagnose.diagnose)
    app.add_typer(models.app, name="models")
    for entry in entry_points(group=COMMAND_GROUP):
        app.add_typer(entry.load(), name=entry.name)
    return app


def main() -> None:
    """Run the command line."""
    build()()
