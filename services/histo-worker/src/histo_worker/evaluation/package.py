"""Measures a model package on labelled fields. Only figures on patients outside the training data are meaningful."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histo_worker.adaptation.site import Site
from histo_worker.data.breakhis import LABELS, MAGNIFICATIONS, Field
from histo_worker.data.source import read_source
from histo_worker.evaluation.plots import write_plots
from histo_worker.evaluation.predictions import Row, field_row, write_predictions
from histo_worker.pipeline import Probabilities, build_pipeline
from histo_worker.settings import HistoSettings
from lobule.contracts.result import Thresholds
from lobule_ml.batch import tracked
from lobule_ml.calibration import logit, sigmoid
from lobule_ml.evaluation.statistics import (
    Counts,
    auc,
    expected_calibration_error,
    log_loss,
    patient_auc,
    patient_bootstrap,
    patient_score,
)

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

_HEADER = (
    "| magnification | level | number | AUC | accuracy | precision | recall | specificity | F1 | ECE |\n"
    "| --- | --- | ---: | --- | --- | --- | --- | --- | --- | --- |"
)


def _adapted(site: Site | None) -> str:
    if site is None:
        return ""
    return f", adapted to {site.name} (version {site.version}): log odds moved by {site.log_odds_shift:+.2f}"


def evaluate_package(
    settings: HistoSettings, data: Path, output: Path, refused: list[str], limit: int | None = None
) -> Iterator[str]:
    """Run the package on every field, write the tables to `output` and yield them as lines of Markdown.

    Args:
        settings: Settings with the package.
        data: BreakHis or a labels CSV; see `read_source`.
        output: Folder for `evaluation.md`, the plots, and `predictions.csv` and `.json`.
        refused: Receives a line for each field that cannot be read.
        limit: Number of evenly chosen fields to measure; None for all.

    Raises:
        ValueError: The data set has none of the known layouts, or no field could be read.
    """
    pipeline = build_pipeline(settings)
    asked = read_source(data).fields
    if limit is not None:
        asked = [asked[i] for i in np.linspace(0, len(asked) - 1, min(limit, len(asked))).round().astype(int)]
    fields: list[Field] = []
    patches: list[Probabilities] = []
    rows: list[Row] = []
    for field in tracked(asked, "fields", len(asked)):
        row = field_row(field) | {"probability_malignant": None, "assessment": None, "error": None}
        try:
            found = pipeline.probabilities(field.pixels(), field.magnification)
        except ValueError as error:
            refused.append(str(error))
            rows.append(row | {"error": str(error)})
            continue
        assessment = pipeline.manifest.thresholds.assess(found.field)
        rows.append(row | {"probability_malignant": found.field, "assessment": assessment})
        patches.append(found)
        fields.append(field)
    write_predictions(output / "predictions", rows)
    if not fields:
        raise ValueError("no field could be read:\n" + "\n".join(refused[:5]))
    manifest = pipeline.manifest
    lines = [
        f"Model {manifest.name} {manifest.version}{_adapted(pipeline.site)}. "
        "Fields that it was trained on flatter it. In brackets 95 % bootstrap intervals over patients. Patient level: "
        "a patient is called by the mean of its fields' probabilities; the thesis' patient accuracy is the share of "
        "right fields of each patient, averaged over patients.",
        "",
        _HEADER,
    ]
    states: list[str] = []
    for magnification in (*MAGNIFICATIONS, None):
        at = [i for i, f in enumerate(fields) if f.magnification == magnification]
        name = magnification or "unknown"
        if {fields[i].label for i in at} != set(LABELS):
            states += [f"{name}: no figures, because its {len(at)} fields are of one class"] * bool(at)
            continue
        target = np.array([fields[i].target for i in at])
        patients = np.array([fields[i].patient for i in at])
        image = np.array([patches[i].field for i in at])
        counts = np.array([len(patches[i].patches) for i in at])
        every = np.concatenate([patches[i].patches for i in at])
        levels = {
            "patch": _row(target.repeat(counts), every, patients.repeat(counts)),
            "image": _row(target, image, patients),
            "patient": _patient_row(target, image, patients),
        }
        for level, row in levels.items():
            lines.append(f"| {name} | {level} | {row} |")
        states.append(f"{name}: {_states(target, image, patients, manifest.thresholds)}")
        write_plots(target, image, output, name)
    every_field = np.array([each.field for each in patches])
    lines += ["", *states, *compare(pipeline.site, np.array([f.target for f in fields]), every_field)]
    output.mkdir(parents=True, exist_ok=True)
    (output / "evaluation.md").write_text("\n".join(lines) + "\n", "utf-8")
    yield from lines


def compare(site: Site | None, target: Ints, adapted: Floats) -> list[str]:
    """Say whether an adaptation brings the fields' numbers nearer to their labels."""
    if site is None or site.log_odds_shift == 0:
        return []
    with_it, without = (log_loss(target, sigmoid(logit(adapted) - shift)) for shift in (0, site.log_odds_shift))
    worse = " Do not use this adaptation: it makes the numbers of these fields worse." if with_it >= without else ""
    return [f"Log loss of all fields: {with_it:.3f} adapted, {without:.3f} without.{worse}"]


def _row(target: Ints, p: Floats, patients: NDArray[np.str_]) -> str:
    counts = Counts.of(target, p >= 0.5)
    low, high = patient_bootstrap(lambda at: auc(target[at], p[at]), patients.tolist(), strata=target, rounds=500)
    return (
        f"{len(target)} | {auc(target, p):.3f} ({low:.3f} to {high:.3f}) | {counts.accuracy:.3f} | "
        f"{counts.precision:.3f} | {counts.recall:.3f} | {counts.specificity:.3f} | {counts.f1:.3f} | "
        f"{expected_calibration_error(target, p):.3f}"
    )


def _patient_row(target: Ints, p: Floats, patients: NDArray[np.str_]) -> str:
    _, first, place, sizes = np.unique(patients, return_index=True, return_inverse=True, return_counts=True)
    mean, of = np.bincount(place, p) / sizes, target[first]
    counts = Counts.of(of, mean >= 0.5)
    low, high = patient_bootstrap(
        lambda at: patient_auc(target[at], p[at], patients[at]), patients.tolist(), strata=target, rounds=500
    )
    return (
        f"{len(of)} | {auc(of, mean):.3f} ({low:.3f} to {high:.3f}) | {counts.accuracy:.3f} (the thesis' "
        f"{patient_score(target, p >= 0.5, patients):.3f}) | {counts.precision:.3f} | {counts.recall:.3f} | "
        f"{counts.specificity:.3f} | {counts.f1:.3f} | {expected_calibration_error(of, mean):.3f}"
    )


def _states(target: Ints, p: Floats, patients: NDArray[np.str_], thresholds: Thresholds) -> str:
    """Measure the three states: the share of answers, and sensitivity and specificity among them, with intervals."""
    suspected, cleared = p >= thresholds.high, p < thresholds.low
    sure = suspected | cleared

    def share(of: NDArray[np.bool_], among: NDArray[np.bool_]) -> str:
        def at_fields(at: Ints) -> float:
            inside = among[at]
            return float(of[at][inside].mean()) if inside.any() else float("nan")

        value = at_fields(np.arange(len(target)))
        low, high = patient_bootstrap(at_fields, patients.tolist(), strata=target, rounds=500)
        return f"{value:.3f} ({low:.3f} to {high:.3f})"

    return (
        f"{share(sure, np.ones_like(sure))} of the fields get an answer; among them sensitivity "
        f"{share(suspected, sure & (target == 1))}, specificity {share(cleared, sure & (target == 0))}."
    )
