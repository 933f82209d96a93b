"""Commands that fit what the pipeline uses beside its models: the input gate and the estimator of scales."""

import json
from pathlib import Path
from typing import Annotated

import typer


def fit_gate(
    data: Annotated[Path, typer.Option(help="Folder of BreakHis.")],
    mammograms: Annotated[Path | None, typer.Option(help="Folder of the mammography data sets.")] = None,
    slide: Annotated[
        list[Path] | None, typer.Option(help="Image of an H&E region of another scanner; may be repeated.")
    ] = None,
) -> None:
    """Fit the input gate, cross-validate it, and write its gate.json."""
    from histo_worker.data.breakhis import find_fields
    from histo_worker.gate import fit

    gate = fit.fit_gate(find_fields(data), mammograms, slide or ())
    gate.save()
    typer.echo(json.dumps(gate.measured, indent=1))


def fit_scale(
    data: Annotated[list[Path], typer.Option(help="Folder of BreakHis; may be repeated.")],
    model: Annotated[Path | None, typer.Option(help="Package of the classifier whose backbone is used.")] = None,
) -> None:
    """Fit the estimator of scales, cross-validate it by patient, and write its estimator.npz."""
    from histo_worker.data.source import read_source
    from histo_worker.network import CompiledClassifier
    from histo_worker.scale_estimation.features import ScaleFeatures
    from histo_worker.scale_estimation.fit import fit_estimator
    from histo_worker.settings import HistoSettings
    from lobule.model_package import open_package

    try:
        fields = [field for folder in data for field in read_source(folder).fields]
        trunk = CompiledClassifier(open_package(model or HistoSettings().model, "histopathology"), 1).trunk
        if trunk is None:
            raise ValueError("the package's network has no backbone; name another one with --model")
        with typer.progressbar(length=len(fields), label="fields") as bar:
            estimator, measured = fit_estimator(fields, ScaleFeatures(trunk), report=lambda _: bar.update(1))
    except (FileNotFoundError, ValueError) as error:
        typer.secho(str(error), err=True, fg=typer.colors.RED)
        raise typer.Exit(1) from None
    estimator.save()
    for part in measured:
        low, high = part.interval
        typer.echo(
            f"{part.fields}, {part.total} of {part.patients} patients: within 15 % {part.near:.3f} "
            f"({low:.3f} to {high:.3f})"
        )
