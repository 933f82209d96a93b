"""Commands that measure the detector of masses."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lobule_ml.quiet import start_keras
from mammo_worker.commands.options import (
    ChangeOption,
    DataOption,
    RunsOption,
    read_film_plan,
    read_plan,
    refused_or_exit,
)

if TYPE_CHECKING:
    from mammo_worker.detector.plan import DetectorPlan

app = typer.Typer()


def _plan(config: str, change: list[str] | None) -> "DetectorPlan":
    from mammo_worker.detector.plan import DetectorPlan

    return read_plan(config, DetectorPlan, change)


@app.command()
def evaluate_detector(
    config: Annotated[str, typer.Argument(help="Configuration of the run.")],
    data: DataOption,
    runs: RunsOption,
    predictions: Annotated[Path, typer.Option(help="CSV file for the out-of-fold findings.")],
    coco: Annotated[Path | None, typer.Option(help="COCO JSON file for the out-of-fold findings.")] = None,
    change: ChangeOption = None,
) -> None:
    """Measure the runs of `train --cbis-ddsm all` in folds, each on its held-out patients, before they are packaged."""
    start_keras()
    from mammo_worker.detector.evaluate import out_of_fold
    from mammo_worker.detector.train import training_films
    from mammo_worker.evaluation.predictions import write_coco, write_csv
    from mammo_worker.evaluation.summary import markdown_table, measure

    with refused_or_exit():
        results = out_of_fold(_plan(config, change), training_films(data, None), runs, typer.echo)
    write_csv(results.items(), predictions)
    films = [film for of_fold in results.values() for film in of_fold]
    if coco is not None:
        write_coco(films, coco)
    typer.echo(markdown_table(measure(films, f"CBIS-DDSM, {len(results)} folds by patient, out of fold")))


@app.command()
def detect_held_out(
    data: DataOption,
    split: Annotated[
        Literal["validation", "test"], typer.Option(help="Patients that the installed detector has not learned from.")
    ],
    findings: Annotated[Path, typer.Option(help="CSV file for the findings, with the detector's own scores.")],
    films: Annotated[Path, typer.Option(help="CSV file for the films: film, patient, probability.")],
) -> None:
    """Run the installed detector on CBIS-DDSM films that it has not learned from, as input for `fit-second-look`."""
    start_keras()
    from lobule_ml.batch import tracked
    from mammo_worker.calibration import Calibration
    from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
    from mammo_worker.data.splits import split_of
    from mammo_worker.evaluation.predictions import write_csv, write_films
    from mammo_worker.evaluation.run import run_detector, with_probabilities
    from mammo_worker.packages import installed_package, load_detector

    package = installed_package()
    cases = [c for c in cbis_ddsm(data / "cbis_ddsm_mass") if split_of(c.patient) == split]
    found = run_detector(load_detector(package), tracked(cases, "films", len(cases)))
    manifest = package.manifest
    results = with_probabilities(found, Calibration.from_dict(manifest.calibration.values()), manifest.thresholds)
    write_csv([(None, results)], findings)
    write_films(results, films)


@app.command()
def measure_elsewhere(
    data: DataOption,
    output: Annotated[
        Path | None, typer.Option(help="Markdown file, such as docs/results/mammography-elsewhere.md.")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Folder of a model package; default: the installed one.")] = None,
    run: Annotated[
        Path | None, typer.Option(help="Folder of a run instead of a package; measures only on CDD-CESM.")
    ] = None,
    plan: Annotated[str, typer.Option(help="Configuration of the run, with --run.")] = "light",
) -> None:
    """Measure a detector on mini-MIAS and on digital mammograms (CDD-CESM), in about one second per film and core."""
    start_keras()
    from lobule.model_package import open_package
    from lobule_ml.batch import tracked
    from lobule_ml.packages import read_weights
    from lobule_ml.training.loop import AVERAGE_FILE
    from lobule_ml.training.record import require_plan
    from mammo_worker.calibration import Calibration
    from mammo_worker.data.readers.cdd_cesm import cdd_cesm
    from mammo_worker.data.readers.mini_mias import mini_mias
    from mammo_worker.detector.plan import DetectorPlan
    from mammo_worker.evaluation import elsewhere
    from mammo_worker.evaluation.run import run_detector, with_probabilities
    from mammo_worker.evaluation.summary import markdown_table
    from mammo_worker.packages import build_detector, installed_package, load_detector

    rows: list[dict[str, object]] = []
    digital = cdd_cesm(data / "cdd_cesm")
    if run is not None:
        trained = read_film_plan(plan, None)
        with refused_or_exit():
            require_plan(run, trained)
        training = trained.training if isinstance(trained, DetectorPlan) else trained
        detector = build_detector(training.network, read_weights(run / AVERAGE_FILE), training.test_time_variants)
        name, trained_on = f"a run of `{plan}`", "the films in the run's films.csv."
    else:
        package = installed_package() if model is None else open_package(model)
        manifest, detector = package.manifest, load_detector(package)
        name, trained_on = f"`{manifest.name}` {manifest.version}", manifest.trained_on
        calibration = Calibration.from_dict(manifest.calibration.values())
        cases = mini_mias(data / "mias")
        found = run_detector(detector, tracked(cases, "films", len(cases)))
        found = with_probabilities(found, calibration, manifest.thresholds)
        normal = {case.name for case in cases if case.attributes["class"] == "normal"}
        rows += elsewhere.measure_mini_mias(found, normal, calibration.working_score)
    rows += elsewhere.measure_digital(run_detector(detector, tracked(digital, "digital films", len(digital))))
    typer.echo(markdown_table(rows))
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(elsewhere.elsewhere_document(name, trained_on, rows), "utf-8")


@app.command()
def measure_processed(
    data: DataOption,
    output: Annotated[
        Path | None, typer.Option(help="Markdown file, such as docs/results/mammography-processed.md.")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Folder of a model package; default: the installed one.")] = None,
) -> None:
    """Measure a detector on scanned films that are changed to look digital, in three seconds per film and core."""
    start_keras()
    from lobule.model_package import open_package
    from lobule_ml.batch import tracked
    from mammo_worker.calibration import Calibration
    from mammo_worker.evaluation import processed
    from mammo_worker.evaluation.summary import markdown_table
    from mammo_worker.package_evaluation import held_out_films
    from mammo_worker.packages import installed_package, load_detector

    package = installed_package() if model is None else open_package(model)
    manifest, films = package.manifest, held_out_films(data)
    readings = processed.read_changed(load_detector(package), films)
    read = list(tracked(readings, "readings", len(films) * processed.READINGS))
    calibration = Calibration.from_dict(manifest.calibration.values())
    rows = processed.measure_changed(read, calibration, manifest.thresholds)
    typer.echo(markdown_table(rows))
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        name = f"`{manifest.name}` {manifest.version}"
        output.write_text(processed.processed_document(name, films, rows), "utf-8")
