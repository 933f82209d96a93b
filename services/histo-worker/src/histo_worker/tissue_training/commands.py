"""`histo-worker tissue`: trains the tissue network and measures it across laboratories."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from lobule.contracts.manifest import Metric
from lobule.errors import AnalysisError


@contextmanager
def _complaints() -> Iterator[None]:
    """Print errors in the data or a package, or that a training was stopped, and exit with status 1."""
    from histo_worker.training.trained import TrainingStopped

    try:
        yield
    except (AnalysisError, FileNotFoundError, ValueError, TrainingStopped) as error:
        typer.secho(str(error), err=True, fg=typer.colors.RED)
        raise typer.Exit(1) from None


app = typer.Typer(help=__doc__, no_args_is_help=True)

_Data = Annotated[list[Path], typer.Option(help="Folder of IDC or BreakHis; repeat the option for each.")]
_Weights = Annotated[Path, typer.Option(help="Folder of pretrained backbones.")]
_Run = Annotated[Path, typer.Option(help="Folder of the runs. Stopped runs are resumed.")]
_Without = Annotated[list[str] | None, typer.Option(help="Patients of IDC to leave out, such as that of a test slide.")]
_STEPS = typer.Option(help="Number of training steps, of 64 patches each.")
_Folds = Annotated[int, typer.Option(min=2, help="Number of folds by patient, each measured by a network of its own.")]


@app.command()
def train(
    data: _Data,
    weights: _Weights,
    output: Annotated[Path, typer.Option(help="Folder of the package to write.")],
    run: _Run = Path("runs/tissue"),
    without: _Without = None,
    steps: Annotated[int | None, _STEPS] = None,
    folds: _Folds = 5,
    seed: Annotated[int, typer.Option(help="Seed of all random numbers.")] = 0,
    licence: Annotated[str, typer.Option(help="Licence of the new weights.")] = "not stated",
) -> None:
    """Train on all sources, measure out of fold by patient, and write the package."""
    from histo_worker.tissue_training.learning import TissueConfig, out_of_fold, train_tissue
    from histo_worker.tissue_training.package import write_tissue_package
    from histo_worker.tissue_training.samples import read_samples

    config = TissueConfig(steps=steps or TissueConfig.steps, folds=folds, seed=seed)
    with _complaints():
        samples = read_samples(data, without or ())
        run /= f"seed{seed}"
        logits = out_of_fold(samples, run, weights, config, typer.echo)
        typer.echo("all samples")
        net = train_tissue(samples, run / "all", weights, config)
        manifest = write_tissue_package(net, samples, logits, output, config, licence)
    _print(manifest.metrics)


@app.command()
def evaluate(
    data: _Data,
    weights: _Weights,
    run: _Run = Path("runs/tissue"),
    without: _Without = None,
    steps: Annotated[int | None, _STEPS] = None,
    folds: _Folds = 5,
    seed: Annotated[list[int] | None, typer.Option(help="Seed of all random numbers; may be repeated.")] = None,
) -> None:
    """Measure the network alone, out of fold by patient, for several seeds.

    It leaves out the statistics that count beside the network on coarse fields; `refit` measures both together.
    """
    from histo_worker.tissue_training.learning import TissueConfig, out_of_fold
    from histo_worker.tissue_training.package import calibrate, measure
    from histo_worker.tissue_training.samples import read_samples

    with _complaints():
        samples = read_samples(data, without or ())
        for each in seed or [0]:
            config = TissueConfig(steps=steps or TissueConfig.steps, folds=folds, seed=each)
            logits = out_of_fold(samples, run / f"seed{each}", weights, config, typer.echo)
            typer.echo(f"seed {each}")
            _print(measure(samples, logits, f"{folds} folds by patient", calibrate(samples, logits)))


def _print(metrics: Iterable[Metric]) -> None:
    for metric in metrics:
        low, high = metric.interval or (0.0, 0.0)
        typer.echo(f"{metric.magnification}: {metric.title} {metric.value:.3f} ({low:.3f} to {high:.3f})")


@app.command()
def refit(
    data: _Data,
    output: Annotated[Path, typer.Option(help="Folder of the package to write.")],
    weights: _Weights,
    seed: Annotated[int, typer.Option(help="Seed of all random numbers.")] = 0,
    folds: _Folds = 5,
    run: _Run = Path("runs/tissue"),
    without: _Without = None,
) -> None:
    """Keep the network of the package in use; measure out of fold by patient, and fit everything else anew."""
    from histo_worker.tissue.reader import PACKAGE
    from histo_worker.tissue_training.learning import TissueConfig, out_of_fold
    from histo_worker.tissue_training.package import refit_tissue_package
    from histo_worker.tissue_training.samples import read_samples
    from lobule.model_package import open_package

    config = TissueConfig(folds=folds, seed=seed)
    with _complaints():
        samples = read_samples(data, without or ())
        logits = out_of_fold(samples, run / f"seed{seed}", weights, config, typer.echo)
        manifest = refit_tissue_package(open_package(PACKAGE), samples, logits, output, config)
    _print(manifest.metrics)


@app.command()
def across(
    data: _Data,
    test: Annotated[list[Path], typer.Option(help="Folder of the laboratory to measure on; may be repeated.")],
    weights: _Weights,
    run: _Run = Path("runs/tissue-across"),
    without: _Without = None,
    steps: Annotated[int, _STEPS] = 380,
) -> None:
    """Train on some laboratories and measure on another, beside numbers that need no training."""
    from histo_worker.tissue_training.label_free import label_free_numbers
    from histo_worker.tissue_training.learning import TissueConfig, score, train_tissue
    from histo_worker.tissue_training.package import measure
    from histo_worker.tissue_training.samples import read_samples

    with _complaints():
        net = train_tissue(read_samples(data, without or ()), run, weights, TissueConfig(steps=steps))
        samples = read_samples(test, without or ())
        ranked = {"the network": score(net, samples), **label_free_numbers(samples)}
    for name, values in ranked.items():
        for metric in measure(samples, values, "another laboratory"):
            low, high = metric.interval or (0.0, 0.0)
            typer.echo(f"{metric.split}: AUC {metric.value:.3f} ({low:.3f} to {high:.3f}) of {name}")


@app.command()
def slide(
    image: Annotated[Path, typer.Argument(help="TIFF of a slide; its first page shows the whole slide.")],
    truth: Annotated[Path, typer.Argument(help="PNG of its tiles: 1 carcinoma, 0 none, 255 no tile.")],
    um_per_pixel: Annotated[float, typer.Option(help="Micrometres per pixel of the slide.")],
) -> None:
    """Compare the map of a slide with labelled tiles."""
    import cv2
    import numpy as np

    from histo_worker.tissue.reader import TissueReader
    from histo_worker.tissue_training.slide import measure_slide
    from lobule.imaging.decode import decode_rgb

    with _complaints():
        tiles = cv2.imread(str(truth), cv2.IMREAD_GRAYSCALE)
        if tiles is None:
            raise FileNotFoundError(f"{truth} is not a picture")
        figures = measure_slide(
            TissueReader(), decode_rgb(image.read_bytes()), um_per_pixel, np.asarray(tiles, np.uint8)
        )
    typer.echo(
        f"{figures.tiles} tiles: AUC {figures.tile_auc:.3f}, Dice {figures.dice:.3f} "
        f"(best of all thresholds {figures.best_dice:.3f}); mean off the tiles {figures.glass:.3f}"
    )
