"""The evaluation as Markdown and plots."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mammo_worker.evaluation.metrics import (
    RULES,
    FilmResult,
    average_precision_50,
    bootstrap,
    coco_ap,
    froc,
    froc_intervals,
    reference_measures,
    triage_auc,
)

FPPI_POINTS = (0.5, 1.0, 2.0, 4.0)


def measure(films: Sequence[FilmResult], data: str, rounds: int = 1000) -> list[dict[str, Any]]:
    """Compute every headline number with its rule and 95 % interval (bootstrap over patients)."""
    rows: list[dict[str, Any]] = []

    def add(metric: str, rule: str, value: float, interval: tuple[float, float]) -> None:
        bounds = [round(bound, 4) for bound in interval]
        rows.append({"data": data, "metric": metric, "rule": rule, "value": round(value, 4), "interval_95": bounds})

    ap50, ap = coco_ap(films)
    add("AP50, class-agnostic", "IoU >= 0.5, COCO", ap50, bootstrap(films, average_precision_50, rounds))
    rows.append({"data": data, "metric": "AP, class-agnostic", "rule": "IoU 0.50:0.95, COCO", "value": round(ap, 4)})
    for rule in RULES:
        curve = froc(films, rule)
        for fppi, interval in zip(FPPI_POINTS, froc_intervals(films, rule, FPPI_POINTS, rounds), strict=True):
            add(f"sensitivity at {fppi:g} FPPI", rule, curve.at(fppi), interval)
    interval = bootstrap(films, triage_auc, rounds)
    add("triage AUC, benign against malignant", "film", triage_auc(films), interval)
    return rows


def measures_at(films: Sequence[FilmResult], thresholds: Sequence[float]) -> list[dict[str, Any]]:
    """Compute the thesis' measures over a sweep of thresholds (its figure 50), by OR and by IoU."""
    rows: list[dict[str, Any]] = []
    for threshold in thresholds:
        for rule in ("OR >= 0.5", "IoU >= 0.5"):
            m = reference_measures(films, rule, threshold)
            rows.append(
                {
                    "threshold": round(float(threshold), 4),
                    "rule": rule,
                    "mean_ap": round(m.mean_ap, 4),
                    "mean_sensitivity": round(m.mean_sensitivity, 4),
                    "fppi": round(m.fppi, 3),
                }
            )
    return rows


def triage_table(films: Sequence[FilmResult]) -> list[dict[str, Any]]:
    """Count the benign and malignant films in each of the three states."""
    states = ("no_sign_of_malignancy", "not_sure", "malignancy_suspected")
    rows: list[dict[str, Any]] = []
    for name, malignant in (("benign", False), ("malignant", True)):
        found = [f.assessment for f in films if f.malignant_film is malignant]
        rows.append({"films": name, **{s: found.count(s) for s in states}})
    return rows


def markdown_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Format rows with the same keys as a Markdown table."""
    if not rows:
        return "(none)\n"
    keys = list(dict.fromkeys(k for row in rows for k in row))
    lines = ["| " + " | ".join(keys) + " |", "|" + " --- |" * len(keys)]
    lines += ["| " + " | ".join(_cell(row.get(k, "")) for k in keys) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " to ".join(f"{v:.3f}" for v in value)
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def plot_froc(films: Sequence[FilmResult], path: Path) -> None:
    """Plot FROC curves for every rule, with the thesis' published points."""
    plt = _pyplot()
    figure, axes = plt.subplots(figsize=(6, 4.5))
    for rule in RULES:
        curve = froc(films, rule)
        axes.step(curve.fppi, curve.sensitivity, where="post", label=rule)
    axes.plot([3.14, 0.72], [0.726, 0.653], "kx", label="thesis, DDSM (OR)")
    axes.set(xlim=(0, 5), ylim=(0, 1), xlabel="false positives per film", ylabel="sensitivity by mass")
    axes.legend(loc="lower right")
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def plot_sweep(films: Sequence[FilmResult], path: Path) -> None:
    """Plot the thesis' figure 50: mean AP, mean sensitivity and FPPI over the threshold."""
    plt = _pyplot()
    thresholds = np.linspace(0.02, 0.95, 32)
    rows = [r for r in measures_at(films, thresholds.tolist()) if r["rule"] == "OR >= 0.5"]
    figure, axes = plt.subplots(figsize=(6, 4.5))
    axes.plot(thresholds, [r["mean_ap"] for r in rows], label="mean AP (eq. 8)")
    axes.plot(thresholds, [r["mean_sensitivity"] for r in rows], label="mean sensitivity (eq. 9)")
    axes.set(xlabel="score threshold", ylabel="mean AP, mean sensitivity", ylim=(0, 1))
    right = axes.twinx()
    right.plot(thresholds, [r["fppi"] for r in rows], "k:", label="FPPI")
    right.set_ylabel("false positives per film")
    axes.legend(loc="upper right")
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _pyplot() -> Any:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt
