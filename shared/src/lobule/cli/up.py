"""`lobule up`: the whole system, embedded, until Ctrl-C."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal, NoReturn

import typer
from rich.markup import escape

from lobule.cli.common import DEFAULT_HOME, HomeFolder, console, plain_errors, print_sentence, words
from lobule.launcher.system import ADMIN, DEMO, RunningSystem, running_system


def up(
    home: HomeFolder = DEFAULT_HOME,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="port to listen on; 0 for any free port")] = 8000,
    log_format: Annotated[
        Literal["console", "json"], typer.Option(help="format of the services' log lines")
    ] = "console",
) -> None:
    """Start Redis, the gateway and the workers on this machine; press Ctrl-C to stop them."""
    with (
        plain_errors(),
        until_interrupted(),
        running_system(home, host, port, show_logs=True, log_format=log_format, echo=print_sentence) as system,
    ):
        print_address(system)
        threading.Event().wait()


def print_address(system: RunningSystem) -> None:
    """Print the portal's address and how to log in. A log, such as that of systemd, does not get the passwords."""
    console.rule()
    t, folder = words(), escape(str(system.home.folder))
    console.print(f"[bold green]{t('cli.ready')}[/] {system.url}", highlight=False)
    if console.is_terminal:
        for user, key, password in ((DEMO, "read", "demo_password"), (ADMIN, "administer", "admin_password")):
            own = escape(system.home.secrets[password])
            console.print(t(f"cli.log_in.{key}", user=f"[bold]{user}[/]", password=own), highlight=False)
    else:
        file = f"{folder}/secrets.json"
        console.print(t("cli.log_in.file", reader=DEMO, admin=ADMIN, file=file), highlight=False)
    console.print(t("cli.folder", folder=folder), highlight=False)
    console.rule()


@contextmanager
def until_interrupted() -> Iterator[None]:
    """Leave the block without an error on Ctrl-C or SIGTERM, at any point, including during start-up.

    Only the first signal counts. A second one, such as that of a parent process that passes on its own, would end the
    shutdown that the first one began, and leave services behind.
    """
    numbers = [n for n in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(n) is not signal.SIG_IGN]

    def interrupt(_number: int, _frame: object) -> NoReturn:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    except KeyboardInterrupt:
        console.print(words()("cli.ended"))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
