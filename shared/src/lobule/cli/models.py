"""`lobule models …`."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lobule.cli.common import DEFAULT_SERVER, Password, Server, Username, plain_errors, words
from lobule.client import Client
from lobule.contracts.manifest import Figure, Metric, figure_of
from lobule.errors import AnalysisError
from lobule.model_package import install_package
from lobule.terminal import said_of
from lobule.words import counted

app = typer.Typer(no_args_is_help=True, help="List the models in use, and install packages.")


@app.callback()
def _group() -> None:
    """List the models in use, and install packages."""


@app.command("list")
def list_models(username: Username, password: Password, server: Server = DEFAULT_SERVER) -> None:
    """List the models in use on a server, with their measured performance."""
    table = Table("modality", "workers")
    table.add_column("model", no_wrap=True)  # whole, and each beside its version
    table.add_column("version", no_wrap=True)
    table.add_column("measured")
    with plain_errors(), Client(server, username, password, language=words().language) as client:
        for status in client.models():
            model = status["model"]
            metrics = [] if model is None else [Metric.model_validate(metric) for metric in model["metrics"][:3]]
            measured = [_in_words(figure_of(metric)) for metric in metrics]
            at_work = status["models"]
            beside = [package["manifest"] for package in status.get("beside", [])]  # for density, regions and the like
            nothing = "none installed" if status["workers"] else "no worker is ready"
            versions = [_version(each, several=len(at_work) > 1) for each in at_work]
            table.add_row(
                status["modality"],
                str(status["workers"]),
                "\n".join(each["name"] for each in [*at_work, *beside]) or nothing,
                "\n".join([*versions, *(each["version"] for each in beside)]),
                "\n".join(measured),
            )
    Console().print(table)


@app.command("install")
def install(
    package: Annotated[Path, typer.Argument(help="folder of a model package", exists=True, file_okay=False)],
    into: Annotated[Path, typer.Option(help="folder in which the workers look for packages")] = Path(
        "/var/lib/lobule/models"
    ),
) -> None:
    """Copy a model package to the workers' folder as NAME-VERSION, if its weights are those that were measured."""
    try:
        typer.echo(install_package(package, into))
    except AnalysisError as error:
        typer.echo(words()(f"cli.package.{error.reason}", folder=package, **error.values), err=True)
        raise typer.Exit(1) from None
    except FileExistsError as error:
        typer.echo(words()("cli.package.exists", folder=error.filename), err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        typer.echo(said_of(error), err=True)
        raise typer.Exit(1) from None


def _version(at_work: dict[str, Any], *, several: bool) -> str:
    """The version, and what it is adapted to; while an update is rolled out, with the number of workers that use it."""
    site = at_work.get("adaptation")  # a laboratory that its numbers are adapted to
    version = f"{at_work['version']} + {escape(site['name'])} {site['version']}" if site else at_work["version"]
    return f"{version} ({counted(at_work['workers'], 'worker')})" if several else version


def _in_words(figure: Figure) -> str:
    under = f" ({', '.join(figure.under)})" if figure.under else ""
    interval = f" ({figure.interval[0]:.3f} to {figure.interval[1]:.3f})" if figure.interval else ""
    return f"{figure.name}{under}: {figure.value:.3f}{interval}"
