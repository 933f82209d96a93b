"""Commands of examinations."""

from pathlib import Path
from typing import Annotated

import typer

from lobule.words import counted
from lobule_ml import batch
from mammo_worker.commands.options import DataOption, started_or_exit

app = typer.Typer()


@app.command()
def examine(
    views: Annotated[
        Path,
        typer.Option(
            help="CSV file of the films: file, examination, laterality (L, R), view (CC, MLO); optionally date "
            "(YYYY-MM-DD): films of earlier dates than the newest of their examination are compared with alone."
        ),
    ],
    output: Annotated[
        Path, typer.Option(help="CSV file with one row for each breast and one for the case; - for standard output.")
    ],
    details: Annotated[
        Path | None, typer.Option(help="JSON file for lesions, places, reasons and BI-RADS terms.")
    ] = None,
) -> None:
    """Read examinations: the two views of each breast together, and the case.

    If films cannot be assessed, the others are read, and the exit status is 1. The end of the output and the column
    `errors` of the breast list these films with a code and the reason, and no breast or case with such a film is called
    negative. The column `to_check` lists what of a film is in doubt, such as a side that the file contradicts. The exit
    status is 2 if the command cannot start.
    """
    with started_or_exit(2):
        from mammo_worker.examination.examine import film_reader
        from mammo_worker.examination.models import installed_models
        from mammo_worker.examination.tables import write_examinations
        from mammo_worker.examination.views import read_views
        from mammo_worker.pipeline import build_pipeline

        rows, models = read_views(views), installed_models()
        reader = film_reader(build_pipeline())
    with batch.written_or_exit():
        failures = write_examinations(rows, reader, models, output, details)
    typer.echo(f"{len(rows) - len(failures)} of {counted(len(rows), 'film')} read; {len(failures)} failed", err=True)
    for failure in failures:
        typer.echo(str(failure), err=True)
    if failures:
        raise typer.Exit(1)


@app.command()
def prevalence(
    cases: Annotated[
        Path,
        typer.Argument(
            help="CSV file of breasts with known outcome: breast (each once), cancer (1 or 0; empty: unknown)."
        ),
    ],
) -> None:
    """Estimate the prevalence of cancer from a site's own cases, with a 95 % interval, and print the worker's setting.

    Use all cases of a period, not only those that were biopsied or looked suspicious.
    """
    from mammo_worker.examination.prevalence import read_prevalence

    try:
        site = read_prevalence(cases)
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    low, high = site.interval()
    typer.echo(f"{counted(site.cancers, 'cancer')} in {counted(site.breasts, 'breast')}", err=True)
    typer.echo(f"examinations with cancer: {site.of_examinations:.5f}, 95 % interval {low:.5f} to {high:.5f}", err=True)
    if not 0 < site.of_examinations < 1:
        typer.echo("This cannot be a site's prevalence; collect more cases of known outcome.", err=True)
        raise typer.Exit(1)
    typer.echo(f"LOBULE_MAMMO_PREVALENCE={site.of_examinations:.5f}")


@app.command()
def fit_pairs(
    data: DataOption,
    output: Annotated[Path | None, typer.Option(help="File pairs.json to write.")] = None,
) -> None:
    """Fit the model that pairs findings of two views on training patients, and measure it on validation patients."""
    from lobule_ml.calibration import Logistic
    from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
    from mammo_worker.data.splits import split_of
    from mammo_worker.evaluation.summary import markdown_table
    from mammo_worker.examination import fit_pairs as pairs
    from mammo_worker.examination.lesions import lengths, lesion_names, measure_films
    from mammo_worker.examination.models import write_model

    folder = data / "cbis_ddsm_mass"
    names, cases, units = lesion_names(folder), cbis_ddsm(folder), lengths(folder)
    films = {
        split: measure_films([c for c in cases if split_of(c.patient) == split], names)
        for split in ("train", "validation")
    }
    for split, of_split in films.items():
        typer.echo(f"{split}: landmarks\n\n{markdown_table(pairs.measure_geometry(of_split, units))}")
    fitted = pairs.fit_pairs(pairs.pair_table(films["train"]))
    model = Logistic(tuple(fitted["weights"]), fitted["bias"])
    metrics = pairs.measure_pairs(model, pairs.pair_table(films["validation"], seed=1))
    typer.echo(f"validation: pairs\n\n{markdown_table(metrics)}")
    if output is not None:
        source = "CBIS-DDSM mass training films, patients of the split 'train'; measured on those of 'validation'."
        write_model(output, {**fitted, "fitted_on": source, "metrics": metrics})


@app.command()
def measure_asymmetry(data: DataOption) -> None:
    """Measure how informative the difference of two breasts is, on mini-MIAS, on which nothing was tuned."""
    from mammo_worker.data.readers.mini_mias import mini_mias
    from mammo_worker.evaluation.summary import markdown_table
    from mammo_worker.examination.measure_asymmetry import measure_asymmetry as measure

    typer.echo(markdown_table(measure(mini_mias(data / "mias"))))
