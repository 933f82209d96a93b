"""The commands of the search for calcifications."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mammo_worker.commands.options import (
    ChangeOption,
    DataOption,
    FoldOption,
    RunOption,
    UntilOption,
    read_plan,
)

if TYPE_CHECKING:
    from mammo_worker.calcifications.plan import SearchPlan

app = typer.Typer()


def _plan(config: str, change: list[str] | None) -> "SearchPlan":
    from mammo_worker.calcifications.plan import SearchPlan

    return read_plan(config, SearchPlan, change)


@app.command()
def train_calcifications(
    config: Annotated[str, typer.Argument(help="Configuration: `calcifications`, or the path of a Python file.")],
    data: DataOption,
    out: RunOption,
    fold: FoldOption = None,
    until: UntilOption = None,
    change: ChangeOption = None,
) -> None:
    """Train the search for clusters of calcifications. SIGTERM saves the state; run the command again to resume."""
    import cv2

    from mammo_worker.calcifications.train import train_fold
    from mammo_worker.regions.crops import cbis_crops

    cv2.setNumThreads(1)
    plan = _plan(config, change)
    typer.echo(plan)
    done = train_fold(plan, cbis_crops(data), fold, out, until=until)
    typer.echo(f"{done} of {plan.steps} steps done")


@app.command()
def measure_calcifications(
    data: DataOption,
    runs: Annotated[
        Path | None,
        typer.Option(help="Runs of train-calcifications, fold0 to fold4; default: spots, fitted now."),
    ] = None,
    config: Annotated[str, typer.Option(help="Configuration of the runs.")] = "calcifications",
    docs: Annotated[Path | None, typer.Option(help="Folder for calcifications(-network).md.")] = None,
    change: ChangeOption = None,
) -> None:
    """Measure a search for clusters of calcifications on crops at native resolution, in five folds by patient."""
    import cv2

    from mammo_worker.calcifications import document, evaluate
    from mammo_worker.calcifications.searches import NetworkSearches, SpotSearches
    from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
    from mammo_worker.evaluation.summary import markdown_table
    from mammo_worker.examination.lesions import lengths
    from mammo_worker.regions.crops import cbis_crops

    cv2.setNumThreads(1)
    folder = data / "cbis_ddsm_mass"
    film = evaluate.breast_area(cbis_ddsm(folder)[:: evaluate.EVERY], lengths(folder))
    typer.echo(f"mean area of a breast on a film: {film:.1f} cm2")
    searches = NetworkSearches(_plan(config, change), runs) if runs else SpotSearches()
    measured = evaluate.search_folds(cbis_crops(data), searches, typer.echo)
    tables = [evaluate.measure(part, film) for part in evaluate.by_tissue(measured)]
    for rows in tables:
        typer.echo(markdown_table(rows))
    if docs is not None:
        method = document.NETWORK if runs else document.SPOTS
        text = document.results_document(method, measured, tables, film)
        (docs / method.file).write_text(text, "utf-8")
