"""What the command lines of all packages share."""

from math import isnan
from typing import Any

import typer
from typer.core import TyperGroup

from lobule.storage import is_disk_full
from lobule.terminal import said_of


def no_nan(value: float | None) -> float | None:
    """Refuse NaN as the value of an option, because it is in every range; a `callback`."""
    if value is not None and isnan(value):
        raise typer.BadParameter("nan is not a number.")
    return value


class Commands(TyperGroup):
    """Commands that say in a line that a disk is full or a file is missing, and exit with status 1."""

    def invoke(self, ctx: Any) -> Any:
        """See `click.Command`."""
        try:
            return super().invoke(ctx)
        except FileNotFoundError as error:
            typer.echo(str(error) if error.filename is None else f"{error.filename} does not exist", err=True)
            raise typer.Exit(1) from None
        except Exception as error:
            if not is_disk_full(error):
                raise
            typer.echo(said_of(error), err=True)
            raise typer.Exit(1) from None
