"""Commands of examinations."""

from pathlib import Path
from typing import Annotated

import typer

from mammo_worker.commands.options import DataOption, started_or_exit

app = typer.Typer()


@app.command()
def examine(
    views: Annotated[Path, typer.Option(help="CSV of films: file, examination, laterality (L, R), view (CC, MLO).")],
    output: Annotated[Path, typer.Option(help="CSV: a row for each breast, and one for the case; - for stdout.")],
    details: Annotated[Path | None, typer.Option(help="JSON of lesions, places, reasons and BI-RADS words.")] = None,
) -> None:
    """Read examinations: the two views of a breast together, and the case.

    Films that could not be assessed are named at the end, each with a code and its reason, and in the column `errors`
    of their breast; the others are read, no breast or case with such a film is called negative, and the exit code
    is 1. It is 2 where nothing could begin.
    """
    with started_or_exit(2):
        from mammo_worker.examination.examine import film_reader, write_examinations
        from mammo_worker.examination.models import installed_models
        from mammo_worker.examination.views import read_views
        from mammo_worker.pipeline import build_pipeline

        rows, models = read_views(views), installed_models()
        reader = film_reader(build_pipeline())
    failures = write_examinations(rows, reader, models, output, details)
    typer.echo(f"{len(rows) - len(failures)} of {len(rows)} films read; {len(failures)} failed", err=True)
    for failure in failures:
        typer.echo(str(failure), err=True)
    if failures:
        raise typer.Exit(1)


@app.command()
def prevalence(
    cases: Annotated[
        Path,
        typer.Argument(help="CSV of breasts of known outcome: breast (each once), cancer (1 or 0; empty: unknown)."),
    ],
) -> None:
    """Learn from a site's own cases how frequent cancer is, with a 95 % interval, and print the worker's setting.

    The cases must be all of a period, not those that were biopsied or looked interesting.
    """
    from mammo_worker.examination.prevalence import read_prevalence

    try:
        site = read_prevalence(cases)
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    low, high = site.interval()
    typer.echo(f"{site.cancers} cancers in {site.breasts} breasts", err=True)
    typer.echo(f"examinations with cancer: {site.of_examinations:.5f}, 95 % interval {low:.5f} to {high:.5f}", err=True)
    if not 0 < site.of_examinations < 1:
        typer.echo("This cannot be a site's prevalence; collect more cases of known outcome.", err=True)
        raise typer.Exit(1)
    typer.echo(f"LOBULE_MAMMO_PREVALENCE={site.of_examinations:.5f}")


@app.command()
def fit_pairs(
    data: DataOption,
    output: Annotated[Path | None, typer.Option(help="pairs.json to write.")] = None,
) -> None:
    """Fit which findings of two views are one lesion on training patients, and measure it on validation patients."""
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
def fit_breast(
    data: DataOption,
    findings: Annotated[Path, typer.Option(help="CSV of findings: of `detect-held-out` or `evaluate-detector`.")],
    films: Annotated[Path | None, typer.Option(help="CSV: film, probability.")] = None,
    test_findings: Annotated[Path | None, typer.Option(help="The same of other patients, to measure once.")] = None,
    test_films: Annotated[Path | None, typer.Option(help="The same of these patients.")] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Folder of breast.json, which is written where the model is better, and scale.json."),
    ] = None,
    docs: Annotated[Path | None, typer.Option(help="Folder for breasts.md.")] = None,
) -> None:
    """Fit how suspicious a breast is, choose among simple forms by patient, and measure once on other patients.

    The findings must be of films that the detector has not learned from.
    """
    from mammo_worker.evaluation.summary import markdown_table
    from mammo_worker.examination import breast_document, breast_release
    from mammo_worker.examination.models import installed_models, write_model
    from mammo_worker.packages import installed_package

    manifest, pairs = installed_package().manifest, installed_models().pairs
    known = breast_release.read_breasts(data, findings, films, manifest, pairs)
    fitted = breast_release.fit(known, manifest.thresholds.high)
    typer.echo(markdown_table(fitted.metrics))
    measured = None
    if test_findings is not None:
        test = breast_release.read_breasts(data, test_findings, test_films, manifest, pairs)
        measured = breast_release.measure_once(fitted, test, manifest.thresholds)
        tables = (measured.metrics, measured.differences, measured.states)
        typer.echo("\n".join(markdown_table(table) for table in tables))
    if output is not None:
        ships = measured is not None and breast_release.is_better(measured)
        if ships:
            values = breast_release.breast_values(fitted, measured, "films" if films else "findings")
            write_model(output / "breast.json", values)
        write_model(output / "scale.json", breast_release.scale_values(fitted, by_model=ships))
    if docs is not None and measured is not None:
        (docs / "breasts.md").write_text(breast_document.results_document(fitted, measured, manifest.version), "utf-8")


@app.command()
def measure_asymmetry(data: DataOption) -> None:
    """Measure on mini-MIAS how informative the difference of two breasts is; nothing was tuned there."""
    from mammo_worker.data.readers.mini_mias import mini_mias
    from mammo_worker.evaluation.summary import markdown_table
    from mammo_worker.examination.measure_asymmetry import measure_asymmetry as measure

    typer.echo(markdown_table(measure(mini_mias(data / "mias"))))
