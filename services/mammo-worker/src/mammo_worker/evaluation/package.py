"""Measures a model package on the public data sets, and writes the results document."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lobule.contracts.models import ModelManifest
from lobule.contracts.result import Thresholds
from lobule.model_package import ModelPackage
from lobule_ml.batch import tracked
from lobule_ml.evaluation.statistics import chance_calibration_error, expected_calibration_error
from mammo_worker.calibration import Calibration
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
from mammo_worker.data.readers.mini_mias import mini_mias
from mammo_worker.data.splits import split_of
from mammo_worker.evaluation.document import results_document
from mammo_worker.evaluation.elsewhere import share_cleared
from mammo_worker.evaluation.metrics import FilmResult, bootstrap, reference_measures
from mammo_worker.evaluation.run import run_detector, with_probabilities
from mammo_worker.evaluation.summary import measure, measures_at, plot_froc, plot_sweep, triage_table
from mammo_worker.inference import Detector
from mammo_worker.packages import load_detector

SWEEP = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)


def evaluate_package(
    package: ModelPackage,
    data: Path,
    detector: Detector | None = None,
    *,
    limit: int | None = None,
    refused: list[str] | None = None,
) -> tuple[list[FilmResult], list[dict[str, Any]]]:
    """Measure a package on the untouched fifth of CBIS-DDSM's training films and on mini-MIAS.

    Args:
        package: Package of the detector.
        data: Folder of the data sets.
        detector: Detector of the package, if it is already loaded.
        limit: Number of CBIS-DDSM's first films to measure, without mini-MIAS; None for all.
        refused: As for `run_detector`.

    Returns:
        The test films with their results, and the metrics.
    """
    calibration = Calibration.from_dict(package.manifest.calibration.values())
    if detector is None:
        detector = load_detector(package)
    cases = [c for c in cbis_ddsm(data / "cbis_ddsm_mass") if split_of(c.patient) == "test"][:limit]
    found = run_detector(detector, tracked(cases, "films", len(cases)), refused=refused)
    test = with_probabilities(found, calibration)
    metrics = measure(test, "CBIS-DDSM, untouched fifth")
    metrics += _at_working_threshold(test, calibration)
    metrics += _of_film_numbers(test, package.manifest.thresholds)
    if limit is None and (data / "mias").is_dir():
        metrics += _mias(detector, data / "mias", calibration)
    return test, metrics


def _at_working_threshold(test: list[FilmResult], calibration: Calibration) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for rule in ("IoU >= 0.2", "OR >= 0.5"):
        m = reference_measures(test, rule, calibration.working_score)
        for name, value in (("mean sensitivity", m.mean_sensitivity), ("FPPI", m.fppi)):
            rows.append(
                {
                    "data": "CBIS-DDSM, untouched fifth",
                    "metric": f"{name} at the working threshold",
                    "rule": rule,
                    "value": round(value, 4),
                }
            )
    return rows


def _of_film_numbers(test: list[FilmResult], thresholds: Thresholds) -> list[dict[str, Any]]:
    """The calibration of the films' numbers, and the share of malignant films below the lower threshold."""
    known = [f for f in test if f.malignant_film is not None]
    malignant = [f for f in known if f.malignant_film]
    if not malignant:
        return []
    probabilities = np.array([f.probability for f in known], np.float64)
    error = expected_calibration_error([bool(f.malignant_film) for f in known], probabilities)
    rows: list[dict[str, Any]] = []
    for name, value in (
        ("calibration error (ECE)", error),
        ("calibration error of exact probabilities, by chance", chance_calibration_error(probabilities)),
    ):
        rows.append({"metric": name, "rule": "film, ten bins", "value": round(value, 4)})
    low, high = bootstrap(malignant, lambda films: share_cleared(films, thresholds))
    share = round(share_cleared(malignant, thresholds), 4)
    interval = [round(low, 4), round(high, 4)]
    rows.append({"metric": "malignant films, no sign", "rule": "share", "value": share, "interval_95": interval})
    return [{"data": "CBIS-DDSM, untouched fifth", **row} for row in rows]


def _mias(detector: Detector, folder: Path, calibration: Calibration) -> list[dict[str, Any]]:
    cases = mini_mias(folder)
    films = run_detector(detector, tracked(cases, "normal films", len(cases)))
    normal = {c.name for c in cases if c.attributes["class"] == "normal"}
    shown = [_shown(f, calibration) for f in films]
    without = [f for f in shown if f.name in normal]
    masses = [f for f in shown if len(f.truth)]
    low, high = bootstrap(without, _findings_per_film)
    rows: list[dict[str, Any]] = [
        {
            "data": f"mini-MIAS, {len(without)} normal films",
            "metric": "FPPI at the working threshold",
            "rule": "every finding is false",
            "value": round(_findings_per_film(without), 4),
            "interval_95": [round(low, 4), round(high, 4)],
        }
    ]
    hit = reference_measures(masses, "centre hit", calibration.working_score)
    rows.append(
        {
            "data": f"mini-MIAS, {len(masses)} films with a mass",
            "metric": "mean sensitivity at the working threshold",
            "rule": "centre hit",
            "value": round(hit.mean_sensitivity, 4),
        }
    )
    return rows


def _shown(film: FilmResult, calibration: Calibration) -> FilmResult:
    kept = film.scores >= calibration.working_score
    return replace(film, boxes=film.boxes[kept], scores=film.scores[kept], malignant=film.malignant[kept])


def _findings_per_film(films: Any) -> float:
    return float(np.mean([len(f.boxes) for f in films]))


def write_results(manifest: ModelManifest, test: list[FilmResult], docs: Path) -> None:
    """Write `mammography.md` and its plots for a package's results on the test films.

    Args:
        manifest: Manifest of the package, with its metrics.
        test: Test films from `evaluate_package`.
        docs: Folder, which contains the handwritten `mammography-tried.md` with all experiments.
    """
    docs.mkdir(parents=True, exist_ok=True)
    sweep = measures_at(test, SWEEP)
    table = triage_table(test, manifest.thresholds)
    document = results_document(manifest, sweep, table, experiments_of(docs), f"{counts_of(test)}.")
    (docs / "mammography.md").write_text(document, "utf-8")
    plot_froc(test, docs / "mammography-froc.png")
    plot_sweep(test, docs / "mammography-sweep.png")


def experiments_of(docs: Path) -> str:
    """The handwritten record of experiments in a folder of documents."""
    file = docs / "mammography-tried.md"
    return file.read_text("utf-8") if file.exists() else "Nothing else.\n"


def counts_of(test: list[FilmResult]) -> str:
    """How many films of how many patients were measured."""
    return f"Test: {len(test)} films of {len({f.patient for f in test})} patients"
