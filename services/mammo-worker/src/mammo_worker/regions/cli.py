"""Commands of the region classifier."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mammo_worker.regions.plan import RegionPlan

app = typer.Typer()

DataOption = Annotated[Path, typer.Option("--data", help="Folder of the data sets.")]


def _plan(config: str, change: list[str] | None) -> "RegionPlan":
    from lobule_ml.training.configuration import load_plan
    from mammo_worker import configs
    from mammo_worker.regions.plan import RegionPlan

    try:
        return load_plan(config, RegionPlan, Path(configs.__path__[0]), change or ())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@app.command()
def train_regions(
    config: Annotated[str, typer.Argument(help="A configuration: `regions`, or the path of a Python file.")],
    data: DataOption,
    weights: Annotated[Path, typer.Option(help="Folder of the pretrained backbones.")],
    out: Annotated[Path, typer.Option(help="Folder of the run; one that holds a state is gone on with.")],
    cache: Annotated[
        Path, typer.Option(help="Folder of the augmented views, shared by the folds of one configuration.")
    ],
    fold: Annotated[int | None, typer.Option(help="Hold out the patients of this fold, 0 to 4.", min=0, max=4)] = None,
    until: Annotated[int | None, typer.Option(help="Stop at this step, to go on later.")] = None,
    change: Annotated[list[str] | None, typer.Option("--set", help="name=value in the configuration.")] = None,
) -> None:
    """Train the classifier of masses and calcifications; resumable, SIGTERM saves."""
    from mammo_worker.regions.crops import cbis_crops
    from mammo_worker.regions.train import train_fold

    plan = _plan(config, change)
    typer.echo(plan)
    done = train_fold(plan, cbis_crops(data), fold, out, weights, cache=cache, until=until)
    typer.echo(f"{done} of {plan.steps} steps done")


@app.command()
def evaluate_regions(
    config: Annotated[str, typer.Argument(help="The configuration that was trained.")],
    data: DataOption,
    weights: Annotated[Path, typer.Option(help="Folder of the pretrained backbones.")],
    runs: Annotated[Path, typer.Option(help="Folder with the runs of the folds: fold0 to fold4.")],
    predictions: Annotated[Path, typer.Option(help="CSV of the out-of-fold probabilities.")],
    docs: Annotated[Path | None, typer.Option(help="Folder for regions.md; regions-tried.md in it is kept.")] = None,
    change: Annotated[list[str] | None, typer.Option("--set", help="name=value in the configuration.")] = None,
) -> None:
    """Measure the classifier on the patients that each fold has not seen."""
    from mammo_worker.evaluation.report import markdown_table
    from mammo_worker.regions import evaluate
    from mammo_worker.regions.crops import cbis_crops
    from mammo_worker.regions.document import results_document

    plan = _plan(config, change)
    result = evaluate.out_of_fold(plan, cbis_crops(data), runs, weights, typer.echo)
    evaluate.write_predictions(result, predictions)
    metrics = evaluate.measure(result)
    typer.echo(markdown_table(metrics))
    if docs is not None:
        file = docs / "regions-tried.md"
        tried = file.read_text("utf-8") if file.exists() else "Nothing else.\n"
        text = results_document(plan, result, metrics, evaluate.measure_descriptions(result), tried)
        (docs / "regions.md").write_text(text, "utf-8")
