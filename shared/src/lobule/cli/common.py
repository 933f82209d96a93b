"""Options and helpers that several commands share."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lobule.client import ApiError
from lobule.launcher.errors import StartError
from lobule.settings import EX_CONFIG
from lobule.terminal import words

console = Console(stderr=True)

Server = Annotated[str, typer.Option(envvar="LOBULE_SERVER", help="address of the server")]
Username = Annotated[str, typer.Option(envvar="LOBULE_USERNAME", prompt=True, help="your user name")]
Password = Annotated[
    str,
    typer.Option(
        envvar="LOBULE_PASSWORD", prompt=True, hide_input=True, help="your password; prefer to set LOBULE_PASSWORD"
    ),
]
HomeFolder = Annotated[Path, typer.Option("--home", envvar="LOBULE_HOME", help="folder of the embedded deployment")]

DEFAULT_SERVER = "http://127.0.0.1:8000"
DEFAULT_HOME = Path("var/lobule")


def print_sentence(key: str) -> None:
    """Print a sentence of the catalogue to standard error."""
    console.print(words()(key))


@contextmanager
def plain_errors() -> Iterator[None]:
    """Print expected errors as one line and exit with status 1, or 78 if a restart does not help."""
    try:
        yield
    except (ApiError, StartError) as error:
        message = error.sentence(words()) if isinstance(error, StartError) else str(error)
        console.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
        needs_person = isinstance(error, StartError) and error.code in ("settings_invalid", "secrets_damaged")
        raise typer.Exit(EX_CONFIG if needs_person else 1) from None
