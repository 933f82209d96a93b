"""The commands that measure and package density."""

from pathlib import Path
from typing import Annotated

import typer

from lobule.words import counted
from mammo_worker.commands.options import DataOption, WeightsOption, refused_or_exit

app = typer.Typer()


@app.command()
@refused_or_exit()
def evaluate_density(
    data: DataOption,
    weights: WeightsOption,
    predictions: Annotated[Path, typer.Option(help="CSV file for the out-of-fold categories.")],
    docs: Annotated[Path | None, typer.Option(help="Folder for density.md.")] = None,
    package: Annotated[Path | None, typer.Option(help="Folder of the model package to write.")] = None,
    version: Annotated[str, typer.Option(help="Version of the package.")] = "1.1.0",
    against: Annotated[
        Path | None, typer.Option(help="The out-of-fold categories of another version, to compare film by film.")
    ] = None,
) -> None:
    """Measure the density model in five folds by patient. --package writes the model fitted on all patients.

    The command takes two minutes on one core.
    """
    from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
    from mammo_worker.density import document, evaluate
    from mammo_worker.density.features import film_features
    from mammo_worker.density.model import fit
    from mammo_worker.density.package import rounded_network, write_package
    from mammo_worker.evaluation.summary import markdown_table

    cases, true = evaluate.labelled(cbis_ddsm(data / "cbis_ddsm_mass"))
    typer.echo(f"looking at {counted(len(cases), 'film')}")
    network = rounded_network(weights)
    features = film_features(network, cases, evaluate.COPIES)
    films, breasts = evaluate.out_of_fold(cases, features, true)
    evaluate.write_predictions(cases, films, predictions)
    metrics = evaluate.measure(films, "film") + evaluate.measure(breasts, "breast")
    typer.echo(markdown_table(metrics))
    if against is not None:
        typer.echo(markdown_table(evaluate.compare(films, evaluate.read_predictions(against, cases))))
    if docs is not None:
        file = docs / "density-elsewhere.md"
        elsewhere = file.read_text("utf-8") if file.exists() else "Not measured.\n"
        (docs / "density.md").write_text(document.results_document(metrics, breasts, elsewhere), "utf-8")
    if package is not None:
        model = fit(features, true, [c.patient for c in cases])
        card = document.model_card(package.name, version, metrics, breasts)
        write_package(package, version=version, network=network, model=model, metrics=metrics, card=card)


@app.command()
def measure_density(
    data: DataOption,
    output: Annotated[
        Path | None, typer.Option(help="Markdown file, such as docs/results/density-elsewhere.md.")
    ] = None,
) -> None:
    """Measure the installed density package on digital mammograms (CDD-CESM) and on mini-MIAS.

    Nothing was chosen on these films.
    """
    from lobule.model_package import open_package
    from mammo_worker.density import elsewhere
    from mammo_worker.density.package import DEFAULT_PACKAGE, DensityReader
    from mammo_worker.evaluation.summary import markdown_table
    from mammo_worker.settings import PACKAGES

    reader = DensityReader(open_package(PACKAGES / DEFAULT_PACKAGE))
    sets = {
        "CDD-CESM, digital": elsewhere.cdd_cesm_films(data / "cdd_cesm"),
        "mini-MIAS, scanned": elsewhere.mini_mias_films(data / "mias"),
    }
    rows = [row for name, films in sets.items() for row in elsewhere.measure_elsewhere(reader, films, name)]
    typer.echo(markdown_table(rows))
    if output is not None:
        output.write_text(markdown_table(rows), "utf-8")
