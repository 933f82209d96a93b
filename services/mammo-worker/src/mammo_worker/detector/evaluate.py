"""Out-of-fold detections by each fold's detector, on patients that it has not seen."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from lobule.words import counted
from lobule_ml.packages import read_weights
from lobule_ml.training.loop import AVERAGE_FILE
from lobule_ml.training.record import require_plan
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.splits import fold_of
from mammo_worker.detector.plan import DetectorPlan
from mammo_worker.evaluation.metrics import FilmResult
from mammo_worker.evaluation.run import run_detector
from mammo_worker.packages import build_detector

FOLDS = 5


def out_of_fold(
    plan: DetectorPlan, cases: Sequence[AnnotatedFilm], runs: Path, echo: Callable[[str], None]
) -> dict[int, list[FilmResult]]:
    """Run the detector of every finished fold over the films of its held-out patients.

    The film's probability is that of its most suspicious finding, uncalibrated, which is sufficient for an AUC within a
    fold.

    Args:
        plan: The plan of the folds.
        cases: All films.
        runs: Folder with `fold0` to `fold4`.
        echo: Called with progress messages.

    Raises:
        FileNotFoundError: No fold is finished.
        ValueError: A fold was trained with another plan.
    """
    network, variants = plan.training.network, plan.training.test_time_variants
    results: dict[int, list[FilmResult]] = {}
    for fold in range(FOLDS):
        file = runs / f"fold{fold}" / AVERAGE_FILE
        if not file.exists():
            echo(f"fold {fold} is not finished and is left out")
            continue
        require_plan(file.parent, plan)
        own = [c for c in cases if fold_of(c.patient, FOLDS) == fold]
        echo(f"fold {fold}: {counted(len(own), 'film')}")
        films = run_detector(build_detector(network, read_weights(file), variants), own)
        results[fold] = [replace(f, probability=float((f.scores * f.malignant).max(initial=0.0))) for f in films]
    if not results:
        raise FileNotFoundError(f"no fold in {runs} is finished")
    return results
