"""Measures a model package on custom films. Only figures on patients outside its training data are meaningful."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lobule.model_package import ModelPackage
from lobule_ml.batch import tracked
from mammo_worker.calibration import Calibration
from mammo_worker.data.readers import read_data_set
from mammo_worker.evaluation.metrics import FilmResult
from mammo_worker.evaluation.run import run_detector, with_probabilities
from mammo_worker.evaluation.summary import measure
from mammo_worker.packages import load_detector


def evaluate_films(
    package: ModelPackage, paths: Sequence[Path], limit: int | None = None
) -> tuple[list[FilmResult], list[dict[str, Any]], list[str]]:
    """Analyse all films of data sets in known layouts, with a progress bar.

    Args:
        package: Package of the detector.
        paths: Paths of the data sets.
        limit: Number of films to read from the start; None for all.

    Returns:
        The films with their results, the metrics, and a line for each film that could not be read.

    Raises:
        ValueError: A data set has none of the known layouts, or no film could be read.
    """
    found = [read_data_set(path) for path in paths]
    films = [film for reading in found for film in reading.items][:limit]
    refused = [problem for reading in found for problem in reading.problems]
    results = run_detector(load_detector(package), tracked(films, "films", len(films)), refused=refused)
    if not results:
        raise ValueError("no film could be read:\n" + "\n".join(refused[:5]))
    manifest = package.manifest
    results = with_probabilities(results, Calibration.from_dict(manifest.calibration.values()), manifest.thresholds)
    return results, measure(results, ", ".join(path.name for path in paths)), refused
