"""The command of the second look at findings."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mammo_worker.commands.options import DataOption, RunsOption, WeightsOption, read_plan, refused_or_exit

if TYPE_CHECKING:
    from mammo_worker.second_look.cases import TrueFinding

app = typer.Typer()

FindingsOption = Annotated[
    Path, typer.Option(help="CSV file of findings of validation patients, written by `detect-held-out`.")
]


@app.command()
@refused_or_exit()
def fit_second_look(
    data: DataOption,
    weights: WeightsOption,
    runs: RunsOption,
    findings: FindingsOption,
    films: Annotated[Path, typer.Option(help="CSV file of films of the same patients.")],
    test_findings: Annotated[Path, typer.Option(help="CSV file of findings of other patients, to measure once.")],
    test_films: Annotated[Path, typer.Option(help="CSV file of films of these patients.")],
    config: Annotated[str, typer.Option(help="Configuration of the region classifier.")] = "regions",
    docs: Annotated[Path | None, typer.Option(help="Folder for second-look.md.")] = None,
) -> None:
    """Measure whether the region classifier at native resolution improves the suspicion of findings.

    The command chooses and fits on one set of patients and measures on another. The runs are those of `train-regions`.
    """
    from mammo_worker.calibration import Calibration
    from mammo_worker.evaluation.summary import markdown_table
    from mammo_worker.packages import installed_package
    from mammo_worker.regions.plan import RegionPlan
    from mammo_worker.second_look import cases, document, fit

    manifest = installed_package().manifest
    calibration = Calibration.from_dict(manifest.calibration.values())
    plan = read_plan(config, RegionPlan, None)

    def read(of: Path, on: Path) -> "list[TrueFinding]":
        return cases.read_cases(data, of, on, plan, runs, weights, calibration.working_score, typer.echo)

    known = read(findings, films)
    chosen, tried = fit.choose(known)
    typer.echo(markdown_table(tried))
    test = read(test_findings, test_films)
    measured = fit.measure_once(chosen, test, calibration)
    typer.echo(markdown_table(measured))
    if docs is not None:
        detector = f"`{manifest.name}` {manifest.version}"
        text = document.results_document(chosen, tried, measured, (known, test), detector)
        (docs / "second-look.md").write_text(text, "utf-8")
