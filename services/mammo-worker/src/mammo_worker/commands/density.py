"""The command that measures density."""

from pathlib import Path
from typing import Annotated

import typer

from mammo_worker.commands.options import DataOption, WeightsOption

app = typer.Typer()


@app.command()
def evaluate_density(
    data: DataOption,
    weights: WeightsOption,
    predictions: Annotated[Path, typer.Option(help="CSV of the out-of-fold categories.")],
    docs: Annotated[Path | None, typer.Option(help="Folder for density.md.")] = None,
) -> None:
    """Measure how well density is read from films, five folds by patient; two minutes on one core."""
    from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
    from mammo_worker.density import evaluate
    from mammo_worker.density.features import build_network, film_features
    from mammo_worker.evaluation.summary import markdown_table

    cases, true = evaluate.labelled(cbis_ddsm(data / "cbis_ddsm_mass"))
    typer.echo(f"looking at {len(cases)} films")
    films, breasts = evaluate.out_of_fold(cases, film_features(build_network(weights), cases), true)
    evaluate.write_predictions(cases, films, predictions)
    metrics = evaluate.measure(films, "film") + evaluate.measure(breasts, "breast")
    typer.echo(markdown_table(metrics))
    if docs is not None:
        (docs / "density.md").write_text(evaluate.results_document(metrics, breasts), "utf-8")
