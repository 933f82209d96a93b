"""Commands of examinations."""

from pathlib import Path
from typing import Annotated

import typer

from mammo_worker.commands.options import DataOption

app = typer.Typer()


@app.command()
def examine(
    views: Annotated[Path, typer.Option(help="CSV of films: file, examination, laterality (L, R), view (CC, MLO).")],
    output: Annotated[Path, typer.Option(help="CSV: a row for each breast, and one for the case.")],
    details: Annotated[Path | None, typer.Option(help="JSON of lesions, places, reasons and BI-RADS words.")] = None,
) -> None:
    """Read examinations: the two views of a breast together, and the case.

    Films that could not be assessed are named at the end, each with a code and its reason; the others are read, no
    breast or case with such a film is called negative, and the exit code is 1. It is 2 where nothing could begin.
    """
    from lobule.errors import AnalysisError
    from mammo_worker.examination.examine import film_reader, write_examinations
    from mammo_worker.examination.models import installed_models
    from mammo_worker.examination.views import read_views
    from mammo_worker.pipeline import build_pipeline

    try:
        rows, models = read_views(views), installed_models()
        reader = film_reader(build_pipeline())
    except (AnalysisError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    failures = write_examinations(rows, reader, models, output, details)
    typer.echo(f"{len(rows) - len(failures)} of {len(rows)} films: {output}")
    for failure in failures:
        typer.echo(str(failure), err=True)
    if failures:
        raise typer.Exit(1)


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
    findings: Annotated[Path, typer.Option(help="CSV of out-of-fold findings, of evaluate-detector.")],
    films: Annotated[Path | None, typer.Option(help="CSV: film, probability; out of fold too.")] = None,
    output: Annotated[Path | None, typer.Option(help="breast.json to write.")] = None,
) -> None:
    """Fit how suspicious a breast is, and compare it with plain rules, five folds by patient.

    The findings must be of films that the detector has not learned from.
    """
    from mammo_worker.calibration import Calibration
    from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
    from mammo_worker.evaluation.summary import markdown_table
    from mammo_worker.examination import findings_csv
    from mammo_worker.examination import fit_breast as breast
    from mammo_worker.examination.lesions import lesion_names, measure_films
    from mammo_worker.examination.models import installed_models, write_model
    from mammo_worker.packages import installed_package

    found, patients = findings_csv.read_findings(findings)
    folder, manifest = data / "cbis_ddsm_mass", installed_package().manifest
    cases = [c for c in cbis_ddsm(folder) if c.patient in patients]
    breasts = findings_csv.known_breasts(
        cases,
        measure_films(cases, lesion_names(folder)),
        found,
        Calibration.from_dict(manifest.calibration.values()),
        installed_models().pairs,
        findings_csv.read_probabilities(films) if films else None,
    )
    suspicious = manifest.thresholds.high
    said = breast.compared(breasts, suspicious)
    metrics = breast.measure(breasts, said)
    typer.echo(markdown_table(metrics))
    if output is not None:
        values = {
            "model": breast.fit_breast(breasts, suspicious).to_dict(),
            "thresholds": breast.thresholds_of(breasts, said["logistic"]).model_dump(),
            "film_numbers": "films" if films else "findings",
            "fitted_on": f"{len(breasts)} breasts of {len(patients)} patients of CBIS-DDSM, out-of-fold findings.",
            "metrics": metrics,
        }
        write_model(output, values)


@app.command()
def measure_asymmetry(data: DataOption) -> None:
    """Measure on mini-MIAS how informative the difference of two breasts is; nothing was tuned there."""
    from mammo_worker.data.readers.mini_mias import mini_mias
    from mammo_worker.evaluation.summary import markdown_table
    from mammo_worker.examination.measure_asymmetry import measure_asymmetry as measure

    typer.echo(markdown_table(measure(mini_mias(data / "mias"))))
