"""`mammo-worker`: predict, train, release, evaluate, and prepare data."""

import csv
import hashlib
from pathlib import Path
from typing import Annotated

import typer

from lobule.contracts.errors import AnalysisError
from lobule.contracts.result import Assessment, ImageInfo
from lobule.imaging.header import read_header
from lobule.worker.pipeline import no_progress
from lobule_ml.quiet import quiet_tensorflow
from mammo_worker.density.cli import app as density_app
from mammo_worker.detector.cli import app as detector_app
from mammo_worker.options import DataOption, RunOption, UntilOption
from mammo_worker.regions.cli import app as regions_app

quiet_tensorflow()

app = typer.Typer(help="Mammography: find masses on films, train and measure the models.", no_args_is_help=True)
data_app = typer.Typer(help="Prepare data sets.", no_args_is_help=True)
app.add_typer(data_app, name="data")
app.add_typer(density_app)
app.add_typer(detector_app)
app.add_typer(regions_app)

FINDING_COLUMNS = ("file", "x", "y", "width", "height", "label", "probability")
FILM_COLUMNS = ("file", "image_width", "image_height", "probability_malignant", "triage", "assessment")
TRIAGE: dict[Assessment, str] = {
    "malignancy_suspected": "cancer",
    "no_sign_of_malignancy": "not cancer",
    "not_sure": "not sure",
}


@app.command()
def predict(
    files: Annotated[list[Path], typer.Argument(help="Films: DICOM, PNG, TIFF or JPEG.")],
    output: Annotated[Path, typer.Option(help="CSV of the findings, in pixels of the given file.")],
    films: Annotated[Path, typer.Option(help="CSV of the films.")],
) -> None:
    """Analyse films with the installed model; the same as through the service.

    Weak findings are among the rows too: the portal marks those from `thresholds.finding` of the model.json on.
    Whatever is wrong with a film, the others are read. Those that could not be are listed at the end, each with a code
    and its reason, and the exit code is 1.
    """
    from mammo_worker.pipeline import build_pipeline

    try:
        pipeline = build_pipeline()
    except AnalysisError as error:
        typer.echo(error.detail, err=True)
        raise typer.Exit(2) from None
    refused: list[str] = []
    with output.open("w", newline="") as finding_stream, films.open("w", newline="") as film_stream:
        finding_rows, film_rows = csv.writer(finding_stream), csv.writer(film_stream)
        finding_rows.writerow(FINDING_COLUMNS)
        film_rows.writerow(FILM_COLUMNS)
        for path in files:
            try:
                data = path.read_bytes()
                result = pipeline.analyse(data, _describe(path, data), no_progress).result
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one file, the others are read
                refused.append(f"{path}: {_reason(error)}")
                continue
            for f in result.findings:
                box = (f.box.x, f.box.y, f.box.width, f.box.height)
                finding_rows.writerow((path, *(round(v, 2) for v in box), f.label, round(f.probability, 5)))
            size = (result.image.width, result.image.height)
            probability = round(result.probability_malignant, 5)
            film_rows.writerow((path, *size, probability, TRIAGE[result.assessment], result.assessment))
            for notice in result.notices:
                typer.echo(f"{path}: {notice.code}: {notice.detail}")
    typer.echo(f"{len(files) - len(refused)} of {len(files)} films: {films}, their findings: {output}")
    for line in refused:
        typer.echo(line, err=True)
    if refused:
        raise typer.Exit(1)


def _reason(error: Exception) -> str:
    """Code and words of what was wrong with a file."""
    if isinstance(error, AnalysisError):
        return f"{error.code}: {error.detail}"
    if isinstance(error, OSError):
        return f"unreadable_file: {error}"
    return f"internal_error: {type(error).__name__}: {error}"


def _describe(path: Path, data: bytes) -> ImageInfo:
    header = read_header(path, "mammography")
    return ImageInfo(
        sha256=hashlib.sha256(data).hexdigest(),
        file_name=path.name,
        modality="mammography",
        width=header.width,
        height=header.height,
    )


@app.command()
def train(
    plan: Annotated[str, typer.Argument(help="A named plan: standard, light, paper, table14-..., table15-1 to -7.")],
    data: DataOption,
    weights: Annotated[Path, typer.Option(help="Folder of the pretrained backbones; for a ResNet its .npz.")],
    out: RunOption,
    until: UntilOption = None,
) -> None:
    """Train on the training patients; resumable, SIGTERM saves."""
    from mammo_worker.configs.names import PLANS
    from mammo_worker.data.batches import SOURCE_CANVAS, prepare_training_film
    from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
    from mammo_worker.data.readers.cdd_cesm import cdd_cesm
    from mammo_worker.data.splits import split_of
    from mammo_worker.training.films import train as run

    if plan not in PLANS:
        raise typer.BadParameter(f"there is no plan {plan!r}; there are {', '.join(PLANS)}")
    cases = [c for c in cbis_ddsm(data / "cbis_ddsm_mass") if split_of(c.patient) == "train"]
    cases += cdd_cesm(data / "cdd_cesm")
    typer.echo(f"preparing {len(cases)} films")
    chosen = PLANS[plan]()
    done = run(chosen, [prepare_training_film(c, SOURCE_CANVAS) for c in cases], out, weights, until=until)
    typer.echo(f"{done} of {chosen.steps} steps done")


@app.command()
def release(
    run: Annotated[Path, typer.Argument(help="Folder of a training run.")],
    data: DataOption,
    package: Annotated[Path, typer.Option(help="Folder of the model package to write.")],
    docs: Annotated[Path, typer.Option(help="Folder of the results document.")],
    plan: Annotated[str, typer.Option(help="The plan that was trained.")] = "standard",
    version: Annotated[str, typer.Option(help="Of the package.")] = "2.0.0",
    fppi: Annotated[float, typer.Option(help="False positives per validation film at the working threshold.")] = 0.5,
) -> None:
    """Calibrate, measure on the untouched fifth, and write the model package."""
    from mammo_worker.configs.names import PLANS
    from mammo_worker.release import release as make

    make(run, PLANS[plan](), data, package, docs, version=version, fppi=fppi, say=typer.echo)


@app.command()
def recalibrate(
    data: DataOption,
    docs: Annotated[Path, typer.Option(help="Folder of the results document.")],
    version: Annotated[str, typer.Option(help="That the package gets.")],
    fppi: Annotated[float, typer.Option(help="False positives per validation film at the working threshold.")] = 0.5,
) -> None:
    """Calibrate the installed model anew where films are prepared differently; its weights stay."""
    from mammo_worker.packages import package_folder
    from mammo_worker.release import recalibrate as make

    make(package_folder(), data, docs, version=version, fppi=fppi, say=typer.echo)


@app.command()
def evaluate(
    data: DataOption,
    out: Annotated[Path, typer.Option(help="Folder for mammography.md and its plots.")],
) -> None:
    """Measure the installed model on the untouched fifth of CBIS-DDSM and on mini-MIAS."""
    from mammo_worker.packages import installed_package
    from mammo_worker.release import evaluate_package, write_results

    package = installed_package()
    test, metrics = evaluate_package(package, data)
    write_results(package.manifest.model_copy(update={"metrics": metrics}), test, out)
    typer.echo((out / "mammography.md").read_text("utf-8"))


@app.command()
def reproduce(
    data: DataOption,
    output: Annotated[Path, typer.Option(help="Markdown file.")],
    weights: Annotated[
        Path | None,
        typer.Option(
            help="A model package, or the folder of pretrained backbones (for a ResNet its .npz), to start from."
        ),
    ] = None,
    runs: Annotated[Path, typer.Option(help="Folder that keeps the trainings, to go on later.")] = Path("var/tables"),
    backbone: Annotated[
        str, typer.Option(help="densenet121, efficientnet_lite0, resnet50 or resnet101.")
    ] = "densenet121",
    height: Annotated[int, typer.Option(help="Of the films, a multiple of 64.")] = 320,
    stage_steps: Annotated[int, typer.Option(help="Batches of a long stage.")] = 100,
    precision: Annotated[str, typer.Option(help="Keras dtype policy of the trunk.")] = "float32",
) -> None:
    """Train the rows of the thesis' tables 14 and 15, small, and measure them on the untouched fifth."""
    from mammo_worker.data.batches import prepare_training_film
    from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
    from mammo_worker.data.splits import split_of
    from mammo_worker.packages import package_folder
    from mammo_worker.reproduce import reproduce as run
    from mammo_worker.reproduce import small_network

    cases = cbis_ddsm(data / "cbis_ddsm_mass")
    base = small_network(height, backbone)
    typer.echo("preparing the training films")
    films = [prepare_training_film(c, base.canvas) for c in cases if split_of(c.patient) == "train"]
    test = [c for c in cases if split_of(c.patient) == "test"]
    run(
        base,
        films,
        test,
        weights or package_folder(),
        output,
        runs,
        stage_steps=stage_steps,
        precision=precision,
        say=typer.echo,
    )


@app.command()
def baseline(
    data: DataOption,
    out: Annotated[Path, typer.Option(help="Folder for mammography-baseline.md.")],
    films: Annotated[int, typer.Option(help="Training films at most.")] = 400,
    cache: Annotated[Path | None, typer.Option(help="Folder to keep the candidates of every film in.")] = None,
) -> None:
    """Train and measure the detector before deep learning (the thesis' section 2.5) on the same films."""
    from mammo_worker.baselines.document import run_baseline

    typer.echo(run_baseline(data, out, films, cache, typer.echo))


@data_app.command("prepare-ddsm")
def prepare_ddsm(
    folder: Annotated[Path, typer.Argument(help="Folder with DDSM cases, at any depth.")],
    out: Annotated[Path | None, typer.Option(help="Where to; beside the cases by default.")] = None,
    remove_sources: Annotated[bool, typer.Option(help="Delete a case's LJPEG films once it is done.")] = False,
) -> None:
    """Convert DDSM to 16-bit PNG, linear in optical density, case by case; resumable."""
    from mammo_worker.data.prepare_ddsm import prepare_ddsm as convert

    refused = 0
    for name, outcome in convert(folder, out or folder / "prepared", remove_sources):
        typer.echo(f"{name}: {outcome}")
        refused += outcome.startswith("refused")
    if refused:
        raise typer.Exit(1)


def main() -> None:
    """Entry point."""
    app()
