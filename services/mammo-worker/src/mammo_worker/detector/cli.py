"""Commands of the detector's folds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mammo_worker.detector.plan import DetectorPlan

app = typer.Typer()

DataOption = Annotated[Path, typer.Option("--data", help="Folder of the data sets.")]


def _plan(config: str, change: list[str] | None) -> "DetectorPlan":
    from lobule_ml.training.configuration import load_plan
    from mammo_worker import configs
    from mammo_worker.detector.plan import DetectorPlan

    try:
        return load_plan(config, DetectorPlan, Path(configs.__path__[0]), change or ())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@app.command()
def train_detector(
    config: Annotated[str, typer.Argument(help="A configuration: `detector`, or the path of a Python file.")],
    data: DataOption,
    weights: Annotated[Path, typer.Option(help="Folder of the pretrained backbones.")],
    out: Annotated[Path, typer.Option(help="Folder of the run; one that holds a state is gone on with.")],
    fold: Annotated[int | None, typer.Option(help="Hold out the patients of this fold, 0 to 4.", min=0, max=4)] = None,
    package: Annotated[
        Path | None,
        typer.Option(help="Start from this model package, on the patients that it learned from, without --fold."),
    ] = None,
    until: Annotated[int | None, typer.Option(help="Stop at this step, to go on later.")] = None,
    change: Annotated[list[str] | None, typer.Option("--set", help="name=value in the configuration.")] = None,
) -> None:
    """Train the detector of masses on the patients outside a fold; resumable, SIGTERM saves."""
    from mammo_worker.detector.train import package_films, training_films
    from mammo_worker.detector.train import train_detector as run

    if package is not None and fold is not None:
        raise typer.BadParameter("a package has seen patients of every fold: give --fold or --package, not both")
    plan = _plan(config, change)
    typer.echo(plan)
    films = training_films(data, fold) if package is None else package_films(data)
    done = run(plan, films, out, weights, package=package, until=until)
    typer.echo(f"{done} of {plan.training.steps} steps done")


@app.command()
def evaluate_detector(
    config: Annotated[str, typer.Argument(help="The configuration that was trained.")],
    data: DataOption,
    runs: Annotated[Path, typer.Option(help="Folder with the runs of the folds: fold0 to fold4.")],
    predictions: Annotated[Path, typer.Option(help="CSV of the out-of-fold findings.")],
    change: Annotated[list[str] | None, typer.Option("--set", help="name=value in the configuration.")] = None,
) -> None:
    """Measure the detectors on the patients that each fold has not seen."""
    from mammo_worker.detector.evaluate import out_of_fold, write_predictions
    from mammo_worker.detector.train import training_films
    from mammo_worker.evaluation.report import markdown_table, measure

    results = out_of_fold(_plan(config, change), training_films(data, None), runs, typer.echo)
    write_predictions(results, predictions)
    films = [film for of_fold in results.values() for film in of_fold]
    typer.echo(markdown_table(measure(films, f"CBIS-DDSM, {len(results)} folds by patient, out of fold")))
