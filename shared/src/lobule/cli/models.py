"""`lobule models …`."""

import typer
from rich.console import Console
from rich.table import Table

from lobule.cli.common import DEFAULT_SERVER, Password, Server, Username, plain_errors
from lobule.client import Client

app = typer.Typer(no_args_is_help=True, help="The models that are at work.")


@app.callback()
def _group() -> None:
    """The models that are at work."""


@app.command("list")
def list_models(username: Username, password: Password, server: Server = DEFAULT_SERVER) -> None:
    """List the models at work on a server, with their measured figures."""
    table = Table("modality", "workers", "model", "version", "measured")
    with plain_errors(), Client(server, username, password) as client:
        for status in client.models():
            model = status["model"]
            measured = [] if model is None else [_figure(metric) for metric in model["metrics"][:3]]
            table.add_row(
                status["modality"],
                str(status["workers"]),
                model["name"] if model else "none installed",
                model["version"] if model else "",
                "\n".join(measured),
            )
    Console().print(table)


def _figure(metric: dict[str, object]) -> str:
    value, interval = metric.get("value"), metric.get("interval")
    number = f"{value:.3f}" if isinstance(value, float) else str(value)
    where = f" at {metric['magnification']}" if "magnification" in metric else ""
    return f"{metric.get('name')}{where}: {number}" + (f" {interval}" if interval else "")
