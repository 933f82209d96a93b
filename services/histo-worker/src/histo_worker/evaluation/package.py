"""A model package on labelled fields: the figures that count are those of patients it never saw."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from histo_worker.data.breakhis import LABELS, MAGNIFICATIONS, Field, find_fields
from histo_worker.evaluation.metrics import Counts, auc, expected_calibration_error, patient_bootstrap, patient_score
from histo_worker.evaluation.plots import write_plots
from histo_worker.pipeline import HistologyPipeline, build_pipeline
from histo_worker.settings import HistoSettings
from lobule.contracts.result import ImageInfo
from lobule.worker.pipeline import no_progress

_INFO = {"sha256": "0" * 64, "modality": "histopathology", "width": 1, "height": 1}


def evaluate_package(settings: HistoSettings, data: Path, output: Path) -> Iterator[str]:
    """Run the package on every field and yield the table, Markdown line by line; it is also written to `output`.

    Args:
        settings: Which package.
        data: Folder of fields with BreakHis names.
        output: Folder for `evaluation.md` and the plots.
    """
    pipeline = build_pipeline(settings)
    fields = find_fields(data)
    scores = np.array([_probability(pipeline, field) for field in fields])
    lines = [
        f"Model {pipeline.manifest.name} {pipeline.manifest.version}. Fields that it was trained on flatter it.",
        "",
        "| magnification | fields | AUC (95 % over patients) | accuracy | precision | recall | F1 | patient "
        "accuracy | ECE |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for magnification in MAGNIFICATIONS:
        chosen = np.array([f.magnification == magnification for f in fields])
        labels = {f.label for f, c in zip(fields, chosen, strict=True) if c}
        if labels != set(LABELS):
            continue
        target = np.array([f.target for f in fields])[chosen]
        patients = np.array([f.patient for f in fields])[chosen].tolist()
        p = scores[chosen]
        counts = Counts.of(target, p >= 0.5)
        low, high = patient_bootstrap(lambda at, t=target, q=p: auc(t[at], q[at]), target, patients)
        lines.append(
            f"| {magnification} | {len(target)} | {auc(target, p):.3f} ({low:.3f} to {high:.3f}) | "
            f"{counts.accuracy:.3f} | "
            f"{counts.precision:.3f} | {counts.recall:.3f} | {counts.f1:.3f} | "
            f"{patient_score(target, p >= 0.5, patients):.3f} | {expected_calibration_error(target, p):.3f} |"
        )
        write_plots(target, p, output, magnification)
    output.mkdir(parents=True, exist_ok=True)
    (output / "evaluation.md").write_text("\n".join(lines) + "\n", "utf-8")
    yield from lines


def _probability(pipeline: HistologyPipeline, field: Field) -> float:
    info = ImageInfo(**_INFO, file_name=field.path.name, magnification=field.magnification)
    return pipeline.analyse(field.path.read_bytes(), info, no_progress).result.probability_malignant
