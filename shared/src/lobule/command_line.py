"""What the command lines of all packages share."""

from typing import Any

import typer
from typer.core import TyperGroup

from lobule.storage import is_disk_full
from lobule.terminal import said_of


class Commands(TyperGroup):
    """Commands that say in a line that a disk is full, and exit with status 1."""

    def invoke(self, ctx: Any) -> Any:
        """See `click.Command`."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            if not is_disk_full(error):
                raise
            typer.echo(said_of(error), err=True)
            raise typer.Exit(1) from None
