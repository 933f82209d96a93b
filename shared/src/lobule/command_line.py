"""What the command lines of all packages share: the language of the terminal, and what they say of a full disk."""

import os
from typing import Any

import typer
from typer.core import TyperGroup

from lobule.contracts.language import Language
from lobule.storage import is_disk_full
from lobule.words import Words


def words() -> Words:
    """The sentences in the terminal's language: Chinese if its locale is Chinese, otherwise English."""
    named = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    language: Language = "zh" if named.startswith("zh") else "en"
    return Words(language)


def said_of(error: Exception) -> str:
    """The error in a line; if a disk is full, also what to do."""
    return words()("cli.disk_full", reason=error) if is_disk_full(error) else str(error)


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
