"""Commands that fit what the pipeline uses beside its models: gate, estimator of scales, file of a laboratory."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from histo_worker.adaptation.site import check_name
from histo_worker.data.breakhis import SUFFIXES
from lobule.command_line import no_nan
from lobule.contracts.modality import COARSEST_UM, FINEST_UM
from lobule.contracts.result import Magnification
from lobule.errors import AnalysisError
from lobule.starting import without_collection
from lobule.words import counted
from lobule_ml import batch
from lobule_ml.quiet import held_standard_error, import_keras

Package = Annotated[Path | None, typer.Option(help="Folder of a model package; default: the bundled one.")]
GivenMagnification = Annotated[
    Magnification | None, typer.Option(help="Magnification of all fields; default: that in a BreakHis file name.")
]
GivenScale = Annotated[
    float | None,
    typer.Option(
        min=FINEST_UM,
        max=COARSEST_UM,
        callback=no_nan,
        help="Micrometres per pixel of all fields, instead of the magnification and the scale in the files.",
    ),
]


def _complained(error: Exception) -> typer.Exit:
    """Print an error and return the end of the command."""
    text = ": ".join(batch.reason(error)) if isinstance(error, AnalysisError) else str(error)
    typer.secho(text, err=True, fg=typer.colors.RED)
    return typer.Exit(1)


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

    try:
        gate = fit.fit_gate(find_fields(data), mammograms, slide or ())
    except (AnalysisError, ValueError) as error:
        raise _complained(error) from None
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
    except (AnalysisError, FileNotFoundError, ValueError) as error:
        raise _complained(error) from None
    estimator.save()
    for part in measured:
        low, high = part.interval
        typer.echo(
            f"{part.fields}, {part.total} of {part.patients} patients: within 15 % {part.near:.3f} "
            f"({low:.3f} to {high:.3f})"
        )


def adapt(
    files: Annotated[
        list[Path],
        typer.Argument(help="At least 50 H&E fields of the laboratory, directly in a folder for each patient."),
    ],
    output: Annotated[Path, typer.Option(help="JSON file to write.")],
    name: Annotated[str, typer.Option(help="Name of the laboratory, up to 60 characters.")] = "this laboratory",
    malignant_share: Annotated[
        float | None,
        typer.Option(
            min=0.05, max=0.95, callback=no_nan, help="Share of these fields that show a carcinoma, to about a tenth."
        ),
    ] = None,
    magnification: GivenMagnification = None,
    um_per_pixel: GivenScale = None,
    model: Package = None,
) -> None:
    """Measure by how much a laboratory's dyes shift the classifier's numbers, without labels, and write it to a file.

    Use the file with LOBULE_HISTO_SITE in the service, and with --site in predict and evaluate. Take fields of many
    patients as they come, and state the share of malignant ones: without it, only a large shift is corrected. A wrong
    share can move the numbers in the wrong direction.

    Fields in one folder count as one patient's. At least five patients are needed, none of them with more than half of
    the fields. If all fields are in a single folder, ten count as one patient's. A file that is there twice counts
    once. Fields that are unlike the training tissue do not count.

    The shift changes the numbers, but not the order of fields: what the classifier confuses, it still confuses. Measure
    it on labelled fields (histo-worker evaluate, with and without --site) before you use it (docs/tissue.md).
    """
    try:
        if um_per_pixel is not None and magnification is not None:
            raise ValueError("give --magnification or --um-per-pixel, not both")
        check_name(name)
        if output.exists() and not output.is_file():
            raise ValueError(f"{output} is a folder or a device; name a file with --output")
        with batch.written_or_exit():  # before minutes are spent on the fields
            output.resolve().parent.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=output.resolve().parent).close()
        paths = batch.expand(files, sys.stdin, SUFFIXES)
        with held_standard_error(AnalysisError), without_collection():
            import_keras()
            from histo_worker.adaptation.measure import measure_site, reference_of
            from histo_worker.pipeline import build_pipeline
            from histo_worker.predict import describer
            from histo_worker.settings import HistoSettings

            settings = HistoSettings.choose(model, None).model_copy(update={"site": None})
            pipeline = build_pipeline(settings, pictures=False)
        reference_of(pipeline.manifest)  # before minutes are spent on the fields, too
        outcomes = batch.analyse(pipeline, paths, describer(magnification, um_per_pixel))
        tracked = batch.tracked(outcomes, "fields", len(paths))
        site = measure_site(
            tracked, pipeline.manifest, name, malignant_share, lambda line: typer.echo(f"left out: {line}", err=True)
        )
    except (AnalysisError, ValueError) as error:
        raise _complained(error) from None
    with batch.written_or_exit():
        site.write(output)
    unknown = "unknown patients, ten counted as one's"
    patients = unknown if site.patients is None else counted(site.patients, "patient")
    typer.echo(
        f"shift of the log odds: {site.log_odds_shift:+.2f} (measured {site.measured_shift:+.2f}, standard error "
        f"{site.standard_error:.2f}), from {counted(site.fields, 'field')} of {patients}"
    )
    if site.log_odds_shift == 0:
        advice = "" if site.malignant_share is not None else " State --malignant-share to correct smaller shifts."
        typer.echo(f"This is within the error, so the file changes nothing.{advice}")
    else:
        typer.echo(f"A probability of 50% becomes {site.adaptation.half}.")
    typer.echo(f"written: {output}, version {site.version}")
    if site.log_odds_shift:
        typer.echo(
            f"Before you use it, measure it on labelled fields: histo-worker evaluate LABELS.csv --site {output}"
        )
