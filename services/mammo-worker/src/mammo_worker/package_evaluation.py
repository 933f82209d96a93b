"""Measures a model package on the public data sets, and writes the results document."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from lobule.contracts.models import ModelManifest
from lobule.model_package import ModelPackage
from lobule_ml.batch import tracked
from lobule_ml.evaluation.statistics import chance_calibration_error, expected_calibration_error
from mammo_worker.calibration import Calibration
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
from mammo_worker.data.readers.mini_mias import mini_mias
from mammo_worker.data.splits import fold_of, split_of
from mammo_worker.evaluation.document import results_document
from mammo_worker.evaluation.elsewhere import share_cleared
from mammo_worker.evaluation.metrics import FilmResult, bootstrap, reference_measures, triage_auc
from mammo_worker.evaluation.run import run_detector, with_probabilities
from mammo_worker.evaluation.summary import measure, measures_at, plot_froc, plot_sweep, triage_table
from mammo_worker.inference import Detector
from mammo_worker.out_of_fold import out_of_fold, read_features
from mammo_worker.packages import load_detector
from mammo_worker.suspicion.document import breasts_document
from mammo_worker.suspicion.held_out import CrossFitted, ReadBreast, cross_fitted

SWEEP = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)


HELD_OUT: dict[str, Any] = {"held_out": ["validation", "test"]}
"""What a package's calibration says if it was fitted on the untouched fifth, too.

`folds` beside it is the number of folds whose networks the numbers of films are calibrated on.
"""
FIFTH = "CBIS-DDSM, untouched fifth"


@dataclass(frozen=True)
class Evaluation:
    """A measured package.

    Attributes:
        films: Films of the untouched fifth, with probabilities and assessments.
        breasts: All breasts that were read without their patient; empty if the calibration is not fitted on these.
        metrics: The figures.
        out_of_fold: All films, each with the number by a fold that has not learned from its patient; empty without
            folds. Only films of the patients that the network of the findings has not learned from have findings.
    """

    films: list[FilmResult]
    breasts: list[ReadBreast]
    metrics: list[dict[str, Any]]
    out_of_fold: list[FilmResult] = field(default_factory=list[FilmResult])


def held_out_films(data: Path) -> list[AnnotatedFilm]:
    """CBIS-DDSM's training films of the patients that the network of the findings is not trained on."""
    return [c for c in cbis_ddsm(data / "cbis_ddsm_mass") if split_of(c.patient) in HELD_OUT["held_out"]]


def evaluate_package(
    package: ModelPackage,
    data: Path,
    detector: Detector | None = None,
    *,
    found: Sequence[FilmResult] | None = None,
    limit: int | None = None,
    refused: list[str] | None = None,
) -> Evaluation:
    """Measure a package on the untouched fifth of CBIS-DDSM's training films and on mini-MIAS.

    If the calibration was fitted on these films, too, each of them is read by one that is fitted without its patient.
    If the numbers of films are calibrated on folds, all films are read, each by a calibration that is fitted on the
    other folds.

    Args:
        package: Package of the detector.
        data: Folder of the data sets.
        detector: Detector of the package, if it is already loaded.
        found: What it says of `held_out_films`, if it has already read them.
        limit: Number of the fifth's first films to measure, without mini-MIAS, and without the films' probabilities if
            the calibration was fitted on them; None for all.
        refused: As for `run_detector`.
    """
    section = package.manifest.calibration.values()
    calibration = Calibration.from_dict(section)
    if detector is None:
        detector = load_detector(package)
    fitted_on_them = "held_out" in section and limit is None
    if found is None:
        cases = [c for c in held_out_films(data) if fitted_on_them or split_of(c.patient) == "test"][:limit]
        found = run_detector(detector, tracked(cases, "films", len(cases)), refused=refused)
    if fitted_on_them:
        read = _cross_fitted(package, data, found, calibration.working_score)
    else:
        read = CrossFitted(with_probabilities(found, calibration, package.manifest.thresholds), [])
    test = [film for film in read.films if split_of(film.patient) == "test"]
    metrics = measure(test, FIFTH) + _at_working_threshold(test, calibration)
    if "held_out" in section and not fitted_on_them:
        metrics = [row for row in metrics if row["rule"] != "film"]
    else:
        metrics += _of_film_numbers(test, FIFTH)
    every: list[FilmResult] = []
    if fitted_on_them and "folds" in section:
        every = read.films
        name = f"CBIS-DDSM, {len(every)} films out of fold"
        metrics += [_triage(every, name), *_of_film_numbers(every, name)]
    if limit is None and (data / "mias").is_dir():
        metrics += _mias(detector, data / "mias", calibration)
    return Evaluation(test, read.breasts, metrics, every)


def _cross_fitted(package: ModelPackage, data: Path, found: Sequence[FilmResult], working_score: float) -> CrossFitted:
    """Read films and breasts by calibrations that are fitted without their patient or, with folds, their fold."""
    folds = package.manifest.calibration.values().get("folds")
    if folds is None:
        return cross_fitted(found, working_score)
    films = out_of_fold(cbis_ddsm(data / "cbis_ddsm_mass"), read_features(package.folder), found)
    return cross_fitted(films, working_score, part_of=lambda patient: fold_of(patient, folds), marks=found)


def _at_working_threshold(test: list[FilmResult], calibration: Calibration) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for rule in ("IoU >= 0.2", "OR >= 0.5"):
        m = reference_measures(test, rule, calibration.working_score)
        for name, value in (("mean sensitivity", m.mean_sensitivity), ("FPPI", m.fppi)):
            rows.append(
                {
                    "data": FIFTH,
                    "metric": f"{name} at the working threshold",
                    "rule": rule,
                    "value": round(value, 4),
                }
            )
    return rows


def _triage(films: list[FilmResult], name: str) -> dict[str, Any]:
    """The order of benign and malignant films."""
    interval = [round(bound, 4) for bound in bootstrap(films, triage_auc)]
    row = {"data": name, "metric": "triage AUC, benign against malignant", "rule": "film"}
    return {**row, "value": round(triage_auc(films), 4), "interval_95": interval}


def _of_film_numbers(films: list[FilmResult], data: str) -> list[dict[str, Any]]:
    """The calibration of the films' numbers, and the share of malignant films below the lower threshold."""
    known = [f for f in films if f.malignant_film is not None]
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
    low, high = bootstrap(malignant, share_cleared)
    share = round(share_cleared(malignant), 4)
    interval = [round(low, 4), round(high, 4)]
    rows.append({"metric": "malignant films, no sign", "rule": "share", "value": share, "interval_95": interval})
    return [{"data": data, **row} for row in rows]


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


def write_results(manifest: ModelManifest, measured: Evaluation, docs: Path) -> None:
    """Write `mammography.md` with its plots, and `breasts.md` if breasts were read, for a measured package.

    Args:
        manifest: Manifest of the package, with its metrics.
        measured: The measured package.
        docs: Folder to write to.
    """
    docs.mkdir(parents=True, exist_ok=True)
    test = measured.films
    triage = triage_table(measured.out_of_fold or test)
    document = results_document(manifest, measures_at(test, SWEEP), triage, f"{counts_of(test)}.")
    (docs / "mammography.md").write_text(document, "utf-8")
    plot_froc(test, docs / "mammography-froc.png")
    plot_sweep(test, docs / "mammography-sweep.png")
    if measured.breasts:
        (docs / "breasts.md").write_text(breasts_document(manifest, measured.breasts), "utf-8")


def counts_of(test: list[FilmResult]) -> str:
    """How many films of how many patients were measured."""
    return f"Test: {len(test)} films of {len({f.patient for f in test})} patients"
