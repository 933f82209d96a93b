"""Measures the effect of capping findings at their film's suspicion: the table of docs/case-assessment.md.

    python bench/mammo_cap.py --data ../shared/data

Uses the installed package on the validation patients, on whom the rule was chosen, and on the untouched fifth. Since
2.2.0, its calibration is fitted on both, which flatters each line alike.
A marked finding counts as malignant if it hits a malignant mass (IoU of at least 0.2).
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.result import Thresholds
from lobule_ml.evaluation.statistics import auc
from mammo_worker.calibration import Calibration, cap_suspicion, logit
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
from mammo_worker.data.splits import split_of
from mammo_worker.evaluation.metrics import FilmResult, overlaps
from mammo_worker.evaluation.run import run_detector, with_probabilities
from mammo_worker.labels import BENIGN, MALIGNANT
from mammo_worker.packages import installed_package, load_detector


class Marked(NamedTuple):
    """The marked findings of a film, best first.

    Attributes:
        mass: Calibrated probability of a mass.
        suspicion: Calibrated probability of a malignant mass, before the cap.
        malignant: Whether the finding hits a malignant mass.
        known: Class of the lesion that the finding hits, -1 if it hits none or the class is unknown.
    """

    mass: NDArray[np.float64]
    suspicion: NDArray[np.float64]
    malignant: NDArray[np.bool_]
    known: NDArray[np.int64]


def marked(film: FilmResult, calibration: Calibration) -> Marked:
    """The marked findings of a film, with the probabilities that results show."""
    shown = film.scores >= calibration.working_score
    hits = overlaps(film.boxes[shown], film.truth, "IoU >= 0.2")
    mass = calibration.mass(logit(film.scores[shown]))
    labels = np.array([film.labels[row.argmax()] if row.any() else -1 for row in hits], np.int64)
    known = np.where(np.isin(labels, (BENIGN, MALIGNANT)), labels, -1)
    suspicion = mass * calibration.malignant(logit(film.malignant[shown]))
    return Marked(mass, suspicion, labels == MALIGNANT, known)


def row(rule: str, what: str, scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> str:
    """A line of the table: AUC, log loss and Brier score."""
    p = np.clip(scores, 1e-6, 1 - 1e-6)
    loss = -np.mean(np.where(truth, np.log(p), np.log(1 - p)))
    brier = np.mean((scores - truth) ** 2)
    return f"| {rule} | {what}, {len(scores)} | {auc(truth, scores):.3f} | {loss:.3f} | {brier:.3f} |"


def table(films: list[FilmResult], calibration: Calibration, thresholds: Thresholds) -> None:
    """Print the measures of each rule on these films."""
    films = [film for film in with_probabilities(films, calibration, thresholds) if film.malignant_film is not None]
    found = [marked(film, calibration) for film in films]
    truth = np.array([bool(film.malignant_film) for film in films])
    scores = np.array([float(film.probability or 0.0) for film in films])
    strongest = np.array([each.suspicion.max(initial=0.0) for each in found])
    above = strongest - scores
    capped = [cap_suspicion(each.suspicion, number) for each, number in zip(found, scores, strict=True)]
    suspicion = np.concatenate([each.suspicion for each in found])
    malignant = np.concatenate([each.malignant for each in found])
    print("| rule | what it changes | AUC | log loss | Brier score |\n|---|---|---|---|---|")
    print(row("none", "films", scores, truth))
    print(row("raise the film to its strongest marked finding", "films", np.maximum(scores, strongest), truth))
    print(row("none", "marked findings", suspicion, malignant))
    print(row("cap findings at their film's number", "marked findings", np.concatenate(capped), malignant))
    below = above[above > 0]
    print(f"The film lies below its strongest marked finding in {len(below)} of {len(films)} films", end="")
    print(f", by {below.mean():.2f} in the mean and {below.max():.2f} at most." if len(below) else ".")
    mass, known = np.concatenate([each.mass for each in found]), np.concatenate([each.known for each in found])
    sure = known >= 0
    for name, values in (("with the cap", np.concatenate(capped)), ("without it", suspicion)):
        right = (values >= mass / 2)[sure] == (known[sure] == MALIGNANT)
        print(f"The likelier class is right for {right.mean():.2f} of {sure.sum()} marked lesions {name}.")


def main() -> None:
    """Measure both sets of patients."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--films", type=int, help="only so many films of each set, to try the command")
    options = parser.parse_args()
    package = installed_package()
    detector, calibration = load_detector(package), Calibration.from_dict(package.manifest.calibration)
    print(f"Package {package.manifest.name} {package.manifest.version}")
    for split in ("validation", "test"):
        cases = [case for case in cbis_ddsm(options.data / "cbis_ddsm_mass") if split_of(case.patient) == split]
        print(f"\n{split}:")
        table(run_detector(detector, cases[: options.films]), calibration, package.manifest.thresholds)


if __name__ == "__main__":
    main()
