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
    refused_or_exit,
)

if TYPE_CHECKING:
    from mammo_worker.calcifications.plan import SearchPlan

app = typer.Typer()


def _plan(config: str, change: list[str] | None) -> "SearchPlan":
    from mammo_worker.calcifications.plan import SearchPlan

    return read_plan(config, SearchPlan, change)


@app.command()
@refused_or_exit()
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
@refused_or_exit()
def measure_calcifications(
    config: Annotated[str, typer.Argument(help="Configuration of the runs.")],
    data: DataOption,
    runs: Annotated[
        Path,
        typer.Option(help="Folder with the runs: fold0 to fold4, and, for --package, all, trained on all patients."),
    ],
    docs: Annotated[Path | None, typer.Option(help="Folder for calcifications.md.")] = None,
    package: Annotated[Path | None, typer.Option(help="Folder of the model package to write.")] = None,
    version: Annotated[str, typer.Option(help="Version of the package.")] = "0.1.0",
    change: ChangeOption = None,
) -> None:
    """Measure the search for clusters of calcifications on crops at native resolution, in five folds by patient.

    --package writes the weights that were trained on all patients, calibrated on the folds.
    """
    import cv2

    from mammo_worker.calcifications import document, evaluate
    from mammo_worker.calcifications.network import build_network
    from mammo_worker.calcifications.package import write_package
    from mammo_worker.calcifications.train import load_average
    from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
    from mammo_worker.evaluation.summary import markdown_table
    from mammo_worker.examination.lesions import lengths
    from mammo_worker.packages import installed_package
    from mammo_worker.regions.crops import cbis_crops

    cv2.setNumThreads(1)
    plan = _plan(config, change)
    folder = data / "cbis_ddsm_mass"
    film = evaluate.breast_area(cbis_ddsm(folder)[:: evaluate.EVERY], lengths(folder))
    typer.echo(f"mean area of a breast on a film: {film:.1f} cm2")
    measured = evaluate.search_folds(cbis_crops(data), plan, runs, typer.echo)
    tables = [evaluate.measure(part, film) for part in evaluate.by_tissue(measured)]
    calibration = evaluate.fit_calibration(measured, film)
    least = installed_package().manifest.thresholds.finding
    marked = evaluate.at_probability(measured, calibration, least, film)
    for rows in [*tables, marked]:
        typer.echo(markdown_table(rows))
    if docs is not None:
        (docs / "calcifications.md").write_text(
            document.results_document(measured, tables, marked, least, film), "utf-8"
        )
    if package is not None:
        network = build_network(plan.widths)
        load_average(network, runs / "all", plan)
        metrics = evaluate.metrics(measured, film)
        card = document.model_card(package.name, version, plan, evaluate.folds_of(measured), metrics)
        write_package(
            package,
            version=version,
            plan=plan,
            network=network,
            calibration=calibration,
            metrics=metrics,
            card=card,
        )
