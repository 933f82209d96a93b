"""Options of the commands of all packages."""

from collections.abc import Iterator

import pytest
import typer
from typer.main import get_command

import histo_worker.cli
import mammo_worker.cli
from lobule.cli.main import build


def options(command, path="") -> Iterator[tuple[str, object]]:
    """The options of a command and of those below it, with their paths."""
    path = f"{path} {command.name}".strip()
    yield from ((f"{path} {option.name}", option) for option in command.params)
    names = command.list_commands(typer.Context(command)) if hasattr(command, "list_commands") else ()
    for name in names:
        yield from options(command.get_command(typer.Context(command), name), path)


def test_nan_is_in_no_range_of_numbers():
    """NaN is neither below nor above a limit, so each range takes it."""
    apps = (build(), histo_worker.cli.app, mammo_worker.cli.app)
    ranged = [each for app in apps for each in options(get_command(app)) if each[1].type.name == "float range"]
    for _path, option in ranged:
        context = typer.Context(get_command(histo_worker.cli.app))
        with pytest.raises(typer.BadParameter):
            option.process_value(context, "nan")
    assert len(ranged) >= 5
